"""JSON for machines: UTF-8 on every system, whatever the terminal's encoding."""

from __future__ import annotations

import json

import click

_ONE_LINE = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def to_json(value: object, *, indent: int | None = None) -> str:
    """Writes JSON that UTF-8 can encode: file names that are no Unicode become escapes, which read back the same."""
    text = (
        _ONE_LINE.encode(value)
        if indent is None
        else json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    )
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, indent=indent)
    return text


def print_json(value: object) -> None:
    """Prints a value as indented JSON on stdout."""
    click.echo(to_json(value, indent=2).encode())
