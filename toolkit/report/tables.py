"""Tables: drawn with rich on a terminal, aligned plain text elsewhere."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator, Sequence

from cnnkit.errors import printable

_LONGEST_NAME = 200
NOTHING = "-"  # what a cell shows where a figure is not known


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """Prints a table on stdout.

    Args:
        columns: Headings; one that begins with ">" is right-aligned, and shown without it.
        rows: One text a column.
        title: A line above the table; empty for none.
    """
    if sys.stdout.isatty():
        _print_rich(columns, rows, title)
    else:
        import click

        click.echo(plain_table(columns, rows, title=title))


def plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> str:
    """Returns the table as text with columns two spaces apart, without trailing blanks."""
    headings = [column.removeprefix(">") for column in columns]
    grid = list(_printable_rows((headings, *rows)))
    widths = [max(map(_width, cells)) for cells in zip(*grid, strict=True)]
    lines = [printable(title)] if title else []
    for row in grid:
        cells = [
            _pad(cell, width, right=column.startswith(">"))
            for cell, width, column in zip(row, widths, columns, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _printable_rows(rows: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """Cleans cells, which mostly come from files."""
    return ([printable(cell) for cell in row] for row in rows)


def percent(fraction: float | None) -> str:
    """Returns a fraction in percent with two decimals."""
    return NOTHING if fraction is None else f"{fraction * 100:.2f} %"


def short_name(name: str) -> str:
    """Returns a name out of a file as a table may show it: one that is longer than anybody writes is cut."""
    return printable(name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}... ({len(name):,} characters)")


def _width(text: str) -> int:
    """Terminal cells: wide East Asian characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _pad(text: str, width: int, *, right: bool) -> str:
    blanks = " " * (width - _width(text))
    return blanks + text if right else text + blanks


def _print_rich(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(printable(title)) or None, title_justify="left", box=SIMPLE_HEAD)
    for column in columns:
        table.add_column(escape(column.removeprefix(">")), justify="right" if column.startswith(">") else "left")
    for row in _printable_rows(rows):
        table.add_row(*map(escape, row))
    Console().print(table)
