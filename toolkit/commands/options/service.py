"""The options that a service is started with: those given, without secrets."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from cnnkit.errors import UsageError
from cnnkit.system import TypedAddress

if TYPE_CHECKING:
    from cnnkit.live import Service

_VARIABLES = {"source": "CNNKIT_SOURCE", "token": "CNNKIT_TOKEN", "webhook": "CNNKIT_WEBHOOK", "mqtt": "CNNKIT_MQTT"}
_READ = ("model", "source_file", "labels")
_WRITTEN = ("output", "record")
_FIRST_FREE_PORT = 1024  # those below are root's


def webcam_service(context: click.Context) -> Service:
    """Makes of the options given what a service is to do.

    Args:
        context: Of `cnnkit webcam`.

    Raises:
        UsageError: It could not start a second time.
    """
    from cnnkit.live import Service, is_camera

    options = context.params
    if options["record"] is not None and options["segment_s"] is None and not options["overwrite"]:
        raise UsageError(
            f"a service starts again, when {options['record']} exists already: add --segment 10m, for files named by "
            "their time, or --overwrite"
        )
    secret = [name for name in _VARIABLES if _is_secret(name, context)]
    words = [word for parameter in context.command.params for word in _words(parameter, context, secret)]
    if options["page"] is None and not options["headless"]:
        words.append("--headless")
    if options["output"] is not None and not (options["append"] or options["overwrite"]):
        words.append("--append")  # it is started again and again
    sources = _sources(options)
    apart = (options["page"], options["webhook"], options["mqtt"], options["on_change"])
    folders = [options[name].parent for name in _WRITTEN if options[name] is not None]
    return Service(
        words=words,
        secrets=tuple(_VARIABLES[name] for name in secret),
        camera=any(map(is_camera, sources)),
        cameras=len(sources),
        network=not sources or not all(map(is_camera, sources)) or any(value is not None for value in apart),
        device_free=options["provider"] == "cpu",
        low_port=0 < (options["page"] or 0) < _FIRST_FREE_PORT,
        watchdog_s=options["watchdog_s"],
        read=[*(Path(options[name]) for name in _READ if options[name] is not None), *_named(options, sources)],
        written=[*folders, *([options["keep_frames"]] if options["keep_frames"] is not None else [])],
    )


def _named(options: dict[str, Any], sources: tuple[TypedAddress, ...]) -> Iterator[Path]:
    """Yields the films that are looked at, and the files that a command names."""
    words = shlex.split(options["on_change"] or "")
    yield from (Path(text) for text in (*words, *(source.reveal() for source in sources)) if text.startswith("/"))


def _sources(options: dict[str, Any]) -> tuple[TypedAddress, ...]:
    """Returns what is looked at; nothing where a file says it."""
    if options["source_file"] is not None:
        return ()
    found = options["source"] or TypedAddress("0")
    return found if isinstance(found, tuple) else (found,)


def _is_secret(name: str, context: click.Context) -> bool:
    value = context.params[name]
    if not value:
        return False
    if name != "source" or context.get_parameter_source(name) is ParameterSource.ENVIRONMENT:
        return True
    return any(address.has_secret for address in (value if isinstance(value, tuple) else (value,)))


def _words(parameter: click.Parameter, context: click.Context, secret: list[str]) -> Iterator[str]:
    name = parameter.name or ""
    given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    if not given or name in (*secret, "systemd") or not isinstance(parameter, click.Option):
        return
    option, value = max(parameter.opts, key=len), context.params[name]
    if parameter.is_flag:
        yield option
        return
    for each in value if parameter.multiple else [value]:
        yield from (option, _text(each, "x" if name.endswith("size") else ","))


def _text(value: Any, between: str) -> str:
    """Returns a value as it may be typed."""
    if isinstance(value, TypedAddress):
        return value.reveal()
    if isinstance(value, tuple):
        return between.join(_text(each, between) for each in value)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
