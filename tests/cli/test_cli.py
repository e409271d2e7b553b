"""The group: version, help, verbosity, the error boundary, completion."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cnnkit import __version__, cli
from cnnkit.errors import (
    CnnkitError,
    DataError,
    ImageError,
    MissingExtraError,
    ModelError,
    OutputError,
    ParityError,
    SourceError,
    SpecError,
    UsageError,
)
from cnnkit.runtime.model import bundled_model


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cnnkit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})


def failing(error: BaseException) -> click.Command:
    @click.command()
    def command() -> None:
        raise error

    return command


@pytest.fixture
def fail_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], object]:
    def invoke(error: BaseException) -> object:
        monkeypatch.setattr(cli.LazyGroup, "get_command", lambda *_: failing(error))
        return CliRunner().invoke(cli.main, ["anything"])

    return invoke


def test_version() -> None:
    assert run("--version").stdout == f"cnnkit {__version__}\n"


def test_help_lists_every_command() -> None:
    text = run("--help").stdout
    assert all(f"  {name} " in text and line in text for name, line in cli.COMMANDS.items())


def test_an_unknown_command_is_wrong_usage() -> None:
    done = run("predcit")
    assert done.returncode == 2 and "No such command 'predcit'" in done.stderr


@pytest.mark.parametrize(
    ("error", "line", "exit_code"),
    [
        pytest.param(DataError("no images: add some"), "no images: add some", 1, id="data"),
        pytest.param(UsageError("say --model"), "say --model", 2, id="usage"),
        pytest.param(ImageError("a.jpg", "empty file"), "a.jpg: empty file", 1, id="image"),
        pytest.param(SpecError("two\n lines"), "two lines", 1, id="always one line"),
        pytest.param(ModelError("no ONNX"), "no ONNX", 1, id="model"),
        pytest.param(ParityError("differs"), "differs", 1, id="parity"),
        pytest.param(SourceError("no camera"), "no camera", 1, id="source"),
        pytest.param(OutputError("disk full"), "disk full", 1, id="output"),
        pytest.param(
            OSError(28, "No space left on device", "out.csv"), "out.csv: No space left on device", 1, id="disk"
        ),
        pytest.param(
            MissingExtraError("cnnkit train", "train", "keras"),
            "cnnkit train needs keras, which is not installed: pip install 'cnnkit[train]'",
            1,
            id="missing extra",
        ),
        pytest.param(KeyboardInterrupt(), "interrupted", 130, id="Ctrl-C"),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(
    fail_with: Callable[[BaseException], object], error: BaseException, line: str, exit_code: int
) -> None:
    result = fail_with(error)
    assert (result.exit_code, result.stdout, result.stderr) == (exit_code, "", f"cnnkit: error: {line}\n")  # type: ignore[attr-defined]


def test_debugging_shows_the_traceback(
    fail_with: Callable[[BaseException], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNNKIT_DEBUG", "1")
    error = CnnkitError("anything")
    assert fail_with(error).exception is error  # type: ignore[attr-defined]


def test_a_programming_error_is_not_hidden(fail_with: Callable[[BaseException], object]) -> None:
    error = AttributeError("a defect")
    assert fail_with(error).exception is error  # type: ignore[attr-defined]


def test_a_closed_pipe_ends_quietly() -> None:
    code = f"{sys.executable} -m cnnkit --help | true; {sys.executable} -m cnnkit info --help | head -c 1 > /dev/null"
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(shell: str) -> None:
    done = run(_CNNKIT_COMPLETE=f"{shell}_source")
    assert "_CNNKIT_COMPLETE" in done.stdout or "cnnkit" in done.stdout
    words = run(_CNNKIT_COMPLETE="bash_complete", COMP_WORDS="cnnkit pre", COMP_CWORD="1").stdout
    assert words.split(",")[1].strip() == "predict"


@pytest.mark.parametrize(("flags", "level"), [([], 20), (["-v"], 10), (["-q"], 40)])
def test_verbosity(flags: list[str], level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnkit.system.messages import log

    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda *_: click.Command("nothing", callback=lambda: None))
    assert CliRunner().invoke(cli.main, [*flags, "nothing"]).exit_code == 0
    assert log.level == level


@pytest.mark.skipif(sys.platform == "win32", reason="another shell")
@pytest.mark.parametrize("where", [">&-", ">/dev/full"])
def test_a_stdout_that_takes_nothing_is_one_line(where: str) -> None:
    if "/dev/" in where and not os.path.exists("/dev/full"):
        pytest.skip("no such device")
    done = subprocess.run(
        f"{sys.executable} -m cnnkit predict gone.jpg --format jsonl {where}",
        shell=True,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("cnnkit: error: stdout cannot be written: ")


@pytest.mark.skipif(sys.platform == "win32", reason="another shell")
@pytest.mark.parametrize(
    ("source", "exit_code"), [pytest.param("gone.jpg", 1, id="a file"), pytest.param("-", 1, id="stdin itself")]
)
def test_a_closed_stdin_is_an_empty_one(source: str, exit_code: int) -> None:
    done = subprocess.run(
        f"{sys.executable} -m cnnkit predict {source} <&-", shell=True, capture_output=True, text=True
    )
    assert done.returncode == exit_code and "Traceback" not in done.stderr
    assert done.stderr.count("\n") <= 2


@pytest.mark.skipif(sys.platform == "win32", reason="another shell")
def test_a_closed_stderr_hears_nothing_and_stops_nothing(make_image: Callable[..., Path]) -> None:
    model, photo = bundled_model(), make_image("red.png")
    done = subprocess.run(
        f"{sys.executable} -m cnnkit explain {model} {photo} --masks 10 2>&-",
        shell=True,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "carried by" in done.stdout
