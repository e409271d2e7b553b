"""What a figure is: a row of a table, or a table, and the commands that measure it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

DATA = "cifar10-jpeg"  # the folder of CNNKIT_CIFAR10_JPEG, as commands name it
ON_OLDER_CPU = "python tests/scripts/on_older_cpu.py "  # before a command: without AVX-512, VNNI and AMX


class FigureError(Exception):
    """A figure cannot be had: one line that says why."""


@dataclass(frozen=True)
class Output:
    """What a command printed on stdout."""

    text: str
    seconds: float  # from its start to its end

    def document(self) -> Any:
        """Returns the JSON that `cnnkit ... --format json` printed."""
        return json.loads(self.text)

    def last_line(self) -> Any:
        """Returns the JSON that a script printed last with --json."""
        lines = self.text.splitlines()
        if not lines:
            raise ValueError("nothing was printed")
        return json.loads(lines[-1])


@dataclass(frozen=True)
class Row:
    """A row of a table of figures: what is measured, the figure, its key, and when and on what it was measured."""

    what: str  # its first cell, by which it is found
    read: Callable[[Output], str]  # the figure, with n and its interval or spread, of the last command's output

    def lines(self, key: str, output: Output, measured: str) -> list[str]:
        """Returns the lines that stand on a page in place of those of before."""
        cells = (self.what, self.read(output), f"`{key}`", measured)
        if any("|" in cell or "\n" in cell for cell in cells):
            raise FigureError(f"a cell cannot hold {cells}")
        return ["| " + " | ".join(cells) + " |"]

    def places(self, lines: list[str]) -> list[slice]:
        """Returns where it stands on a page."""
        return [slice(index, index + 1) for index, line in enumerate(lines) if line.startswith(f"| {self.what} |")]


@dataclass(frozen=True)
class Table:
    """A table of its own, below a sentence with its key that says when and on what it was measured."""

    what: str  # how the sentence begins, by which it is found
    read: Callable[[Output], list[str]]  # the lines of the table, in Markdown

    def lines(self, key: str, output: Output, measured: str) -> list[str]:
        """Returns the lines that stand on a page in place of those of before."""
        return [f"{self.what} (`{key}`; {measured}):", "", *self.read(output)]

    def places(self, lines: list[str]) -> list[slice]:
        """Returns where it stands on a page, from its sentence to its last row."""
        starts = [index for index, line in enumerate(lines) if line.startswith(f"{self.what} (`")]
        heights = [len(list(takewhile(_is_row, lines[start + 2 :]))) for start in starts]
        return [slice(start, start + 2 + height) for start, height in zip(starts, heights, strict=True) if height]


def _is_row(line: str) -> bool:
    return line.startswith("|")


@dataclass(frozen=True)
class Measurement:
    """Commands, and the figures that are read from the output of the last one."""

    name: str  # the key that its rows show
    commands: tuple[str, ...]  # as bench/FIGURES.md shows them beside the key, run in this order
    rows: tuple[Row | Table, ...]
    minutes: float  # on two cores, about
    extras: tuple[str, ...] = ()  # of pyproject.toml, above `all`
    modules: tuple[str, ...] = ()  # other packages that the commands import
    at_home: bool = False  # runs in the repository, not in a folder of its own
    photos: str | None = None  # the folders it reads in that of CNNKIT_PHOTOS, with blanks between
    on_request: bool = False  # runs only when it is named, for it takes hours

    @property
    def needs_data(self) -> bool:
        """Whether it reads the JPEG copy of CIFAR-10."""
        return any(word.split("/")[0] == DATA for command in self.commands for word in command.split())
