"""What a figure is: a row of a table in the README, and the commands that measure it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

DATA = "cifar10-jpeg"  # the folder of CNNKIT_CIFAR10_JPEG, as commands name it


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
    """A row of a table of figures: what is measured, the figure, the commands, and when and on what it was measured."""

    what: str  # its first cell, by which it is found
    read: Callable[[Output], str]  # the figure, with n and its interval or spread, of the last command's output

    def lines(self, commands: tuple[str, ...], output: Output, measured: str) -> list[str]:
        """Returns the lines that stand in the README in place of those of before."""
        cells = (self.what, self.read(output), cell_of(commands), measured)
        if any("|" in cell or "\n" in cell for cell in cells):
            raise FigureError(f"a cell cannot hold {cells}")
        return ["| " + " | ".join(cells) + " |"]

    def place(self, lines: list[str]) -> slice:
        """Returns where it stands in the README.

        Raises:
            FigureError: It does not, or more than once.
        """
        found = [index for index, line in enumerate(lines) if line.startswith(f"| {self.what} |")]
        if len(found) != 1:
            raise FigureError(f"the README has {len(found)} rows {self.what!r}, expected one")
        return slice(found[0], found[0] + 1)


@dataclass(frozen=True)
class Table:
    """A table of its own, below a sentence that says when and on what it was measured."""

    what: str  # how the sentence begins, by which it is found
    read: Callable[[Output], list[str]]  # the lines of the table, in Markdown

    def lines(self, commands: tuple[str, ...], output: Output, measured: str) -> list[str]:
        """Returns the lines that stand in the README in place of those of before."""
        return [f"{self.what}, by {cell_of(commands)} ({measured}):", "", *self.read(output)]

    def place(self, lines: list[str]) -> slice:
        """Returns where it stands in the README.

        Raises:
            FigureError: It does not, or more than once.
        """
        found = [index for index, line in enumerate(lines) if line.startswith(f"{self.what}, by ")]
        if len(found) != 1 or not lines[found[0] + 2].startswith("| "):
            raise FigureError(f"the README has no table below {self.what!r}, or several, expected one")
        end = found[0] + 2
        while end < len(lines) and lines[end].startswith("|"):
            end += 1
        return slice(found[0], end)


@dataclass(frozen=True)
class Measurement:
    """Commands, and the figures that are read from the output of the last one."""

    name: str
    commands: tuple[str, ...]  # as the README shows them, run in this order
    rows: tuple[Row | Table, ...]
    minutes: float  # on two cores, about
    extras: tuple[str, ...] = ()  # of pyproject.toml, above `all`
    modules: tuple[str, ...] = ()  # other packages that the commands import
    at_home: bool = False  # runs in the repository, not in a folder of its own
    on_request: bool = False  # runs only when it is named, for it takes hours

    @property
    def needs_data(self) -> bool:
        """Whether it reads the JPEG copy of CIFAR-10."""
        return any(word.split("/")[0] == DATA for command in self.commands for word in command.split())


def cell_of(commands: tuple[str, ...]) -> str:
    """Returns commands as the README shows them."""
    return ", then ".join(f"`{command}`" for command in commands)
