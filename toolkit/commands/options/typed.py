"""A command as it was typed, to be printed once more: gone on with, or as another that takes the same options."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import click
from click.core import ParameterSource


def typed_command(
    context: click.Context, *, name: str = "", without: Collection[str] = (), adding: Sequence[str] = ()
) -> str:
    """Returns the command of a context, quoted for a shell.

    Args:
        context: Of the command.
        name: Of another command that is to take its options; empty for itself.
        without: Names of the parameters that are left out.
        adding: Words that are put behind.
    """
    kept = [parameter for parameter in context.command.params if parameter.name not in without]
    words = [word for parameter in kept for word in _words(parameter, context)]
    return shlex.join(["cnnkit", name or context.info_name or "", *words, *adding])


@contextmanager
def told_how_to_go_on(context: click.Context) -> Iterator[None]:
    """Says, where a training is interrupted, by which command it goes on."""
    from cnnkit.system import log

    try:
        yield
    except KeyboardInterrupt:
        command = typed_command(context, without=("resume", "overwrite"), adding=("--resume",))
        log.warning("stopped; what is finished is kept. Go on with: %s", command)
        raise


def _words(parameter: click.Parameter, context: click.Context) -> Iterator[str]:
    value = context.params.get(parameter.name or "")
    if context.get_parameter_source(parameter.name or "") is not ParameterSource.COMMANDLINE:
        return
    several = list(value) if isinstance(value, tuple) else [value]
    if not isinstance(parameter, click.Option):
        from cnnkit.system import as_argument

        yield from (as_argument(str(each)) for each in several)
    elif parameter.is_flag:
        yield max(parameter.opts if value else parameter.secondary_opts, key=len)
    else:
        for each in several:
            yield from (max(parameter.opts, key=len), str(each))
