"""Text on its way to a terminal, cleaned of what a file could tell it to do: control sequences, other directions."""

from __future__ import annotations

import json
import sys
from typing import Protocol

import click

from cnnkit.errors import printable


class ByteSink(Protocol):
    """What bytes are written to."""

    def write(self, data: bytes, /) -> int:
        """Writes some bytes."""
        ...

    def flush(self) -> None:
        """Hands on what was written."""
        ...


def print_text(text: str = "", *, to_stderr: bool = False) -> None:
    """Prints lines of text; what is no text in them is escaped."""
    click.echo(printable(text, lines=True), err=to_stderr)


def print_data(text: str, *, is_json: bool) -> None:
    """Prints a machine format as UTF-8 on stdout; on a terminal escaped, so that JSON stays the same value."""
    data = _for_terminal(text, is_json) if sys.stdout.isatty() else text.encode(errors="backslashreplace")
    click.echo(data, nl=False)


def data_stdout(*, is_json: bool) -> ByteSink:
    """Returns what rows on stdout are written to."""
    return _CleanedStdout(is_json) if sys.stdout.isatty() else sys.stdout.buffer


class _CleanedStdout:
    def __init__(self, is_json: bool) -> None:
        self._is_json = is_json

    def write(self, data: bytes, /) -> int:
        sys.stdout.buffer.write(_for_terminal(data.decode(errors="surrogateescape"), self._is_json))
        return len(data)

    def flush(self) -> None:
        sys.stdout.buffer.flush()


def _for_terminal(text: str, is_json: bool) -> bytes:
    if not is_json:
        return printable(text, lines=True).encode()
    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text).encode()
