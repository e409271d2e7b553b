"""The command line: a group that imports a command only when it is used, and the one error boundary."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

import click

from cnnkit.errors import CTRL_C_EXIT, CnnkitError, one_line
from cnnkit.system import broken_imports, ended_by_signals, hanging_threads_left_behind, hide_secrets

# Name -> what `cnnkit --help` says of it; the command itself is `command` in cnnkit.commands.NAME.
COMMANDS = {
    "bench": "Measure latency, throughput, memory and accuracy.",
    "crossval": "Train on parts of the data and measure on the rest, fold by fold.",
    "demo": "Run the whole chain on embedded data.",
    "doctor": "Say what this machine can do.",
    "evaluate": "Measure how right a model is, class by class.",
    "explain": "Show which part of a photo carried the answer.",
    "export": "Export a Keras model to ONNX.",
    "filters": "Show what classic kernels make of a photo.",
    "info": "Show what a model file holds.",
    "predict": "Classify images.",
    "quantize": "Quantize an ONNX model.",
    "split": "Divide class folders into train, val and test.",
    "stamp": "Write labels and scaling into an ONNX file from elsewhere.",
    "train": "Train a Keras CNN.",
    "tune": "Search for the best network and recipe.",
    "verify": "Check that a model file answers as the original does.",
    "webcam": "Classify a camera or a video, live.",
}
# Those that need no temporary folder of their own: no TensorFlow, no files on the way, and quick to start.
_WRITE_NOTHING_TEMPORARY = frozenset({"doctor", "info", "predict", "webcam"})


class LazyGroup(click.Group):
    """Lists its commands from a table, imports one when it runs, and turns errors into one line and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"cnnkit.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, *arguments: Any, **options: Any) -> Any:
        with ended_by_signals(), hanging_threads_left_behind():
            return super().main(*arguments, **options)

    def invoke(self, ctx: click.Context) -> object:
        _open_what_is_closed()
        try:
            with broken_imports():
                return super().invoke(ctx)
        except click.UsageError as error:  # which repeats what was typed
            said = error.format_message()
            if hide_secrets(said) == said:
                raise
            raise click.UsageError(hide_secrets(said), error.ctx) from None
        except CnnkitError as error:
            _fail(str(error), error.exit_code, error)
        except BrokenPipeError:
            # The reader of a pipe went away: nothing is left to say, and nobody to say it to.
            _drop_stdout()
            sys.exit(1)
        except OSError as error:
            _drop_stdout()  # it may be what failed, and would fail again when Python flushes it at the end
            _fail(f"{error.filename or _nameless(error)}: {error.strerror or error}", 1, error)
        except MemoryError as error:
            _fail("out of memory: try a smaller --batch-size or fewer inputs", 1, error)
        except KeyboardInterrupt as error:
            _fail("interrupted", CTRL_C_EXIT, error)
        return None


def _open_what_is_closed() -> None:
    """Opens what whoever started the process has closed: nothing to read, results that fail, messages to nobody."""
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY))
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def _nameless(error: OSError) -> str:
    """Files have names, stdout has none."""
    unwritten = (errno.ENOSPC, errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.EIO)
    return "stdout cannot be written" if error.errno in unwritten else "the system"


def _drop_stdout() -> None:
    with suppress(OSError, ValueError):  # a stdout without a descriptor, as in tests
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, exit_code: int, error: BaseException) -> None:
    if os.environ.get("CNNKIT_DEBUG") == "1":
        raise _without_secrets(error)
    click.echo(f"cnnkit: error: {hide_secrets(one_line(message))}", err=True)
    sys.exit(exit_code)


def _without_secrets(error: BaseException) -> BaseException:
    """Cleans the texts that a traceback shows, of what the error came from as well."""
    link: BaseException | None = error
    while link is not None:
        link.args = tuple(hide_secrets(part) if isinstance(part, str) else part for part in link.args)
        if isinstance(link, OSError) and link.filename is not None:
            link.filename = hide_secrets(str(link.filename))
        link = link.__cause__ or link.__context__
    return error


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from cnnkit import __version__

        click.echo(f"cnnkit {__version__}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
@click.option("-v", "--verbose", count=True, help="Say more.")
@click.option("-q", "--quiet", is_flag=True, help="Say errors only.")
@click.pass_context
def main(context: click.Context, verbose: int, quiet: bool) -> None:
    """Keras image classifiers from training to a small machine."""
    from cnnkit.system import show_messages

    show_messages(-1 if quiet else verbose)
    if context.invoked_subcommand not in _WRITE_NOTHING_TEMPORARY:
        from cnnkit.system import own_temporary_folder

        context.with_resource(own_temporary_folder())
