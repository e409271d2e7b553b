"""Puts figures into bench/FIGURES.md and the README, and leaves all else in them as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cnnkit.machine import Machine
from cnnkit.system import write_text
from figures.figure import FigureError, Measurement, Output, Row, Table
from figures.keys import with_keys

# What a reader raises where a command printed something else than it promises.
MISREAD = (ArithmeticError, AttributeError, LookupError, StopIteration, TypeError, ValueError)


# Instruction sets that decide what INT8 is worth, as people call them.
DOT_PRODUCTS = {
    "avx_vnni": "AVX-VNNI",
    "avx512_vnni": "AVX-512 VNNI",
    "amx_int8": "AMX",
    "dotprod": "dot products",
    "i8mm": "I8MM",
}


def measured_on(day: date, machine: Machine) -> str:
    """Returns when and on what something was measured: no host name, no paths."""
    processors = "1 processor" if machine.threads == 1 else f"{machine.threads} processors"
    sets = [
        name for name in machine.instruction_sets if name != "avx_vnni" or "avx512_vnni" not in machine.instruction_sets
    ]
    there = [DOT_PRODUCTS[name] for name in sets if name in DOT_PRODUCTS]
    without = "no dot products" if "neon" in machine.instruction_sets else "no VNNI"
    known = f" ({', '.join(there) or without})" if machine.instruction_sets else ""
    cpu = re.sub(r"\((?:R|TM)\)| Processor\b| CPU\b.*", "", machine.cpu)
    return f"{day.isoformat()}, {cpu}{known}, {processors}"


@dataclass(frozen=True)
class Page:
    """A file with figures."""

    path: Path
    complete: bool = True  # has every figure, and the keys; else some figures, and no keys

    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")


def with_figures(text: str, measurement: Measurement, output: Output, measured: str, page: Page) -> str:
    """Returns the text of a page with the figures of a measurement in it.

    Args:
        text: The page's.
        measurement: Whose rows are replaced.
        output: What its last command printed.
        measured: When and on what.
        page: Names the page, and says whether a row may be missing.

    Raises:
        FigureError: A figure is not in the output, or its row not on the page.
    """
    lines = text.split("\n")
    for row in measurement.rows:
        place = _place(row, lines, page)
        if place is not None:
            lines[place] = _lines(row, measurement, output, measured)
    return "\n".join(lines)


def check_places(pages: Sequence[Page], measurement: Measurement) -> None:
    """Looks for the places of a measurement's figures, before hours go into it.

    Raises:
        FigureError: A row is not on a page.
    """
    for page in pages:
        lines = page.text().split("\n")
        for row in measurement.rows:
            _place(row, lines, page)


def write_figures(pages: Sequence[Page], measurement: Measurement, output: Output, measured: str) -> None:
    """Puts the figures of a measurement into every page that has their rows, each replaced whole or not at all.

    Pages are read once more each time: what was written into them meanwhile stays. None is written unless all can be.

    Raises:
        FigureError: A figure is not in the output, or its row not on a page.
        OutputError: A file cannot be written.
    """
    texts = [with_figures(page.text(), measurement, output, measured, page) for page in pages]
    for page, text in zip(pages, texts, strict=True):
        write_text(page.path, text)


def write_keys(pages: Sequence[Page], measurements: Sequence[Measurement]) -> None:
    """Puts the commands of all measurements beside their keys, at the end of the page that has every figure.

    Raises:
        FigureError: The page has no such list.
        OutputError: The file cannot be written.
    """
    for page in pages:
        if page.complete:
            write_text(page.path, with_keys(page.text(), measurements))


def _place(row: Row | Table, lines: list[str], page: Page) -> slice | None:
    found = row.places(lines)
    if len(found) > 1 or (page.complete and not found):
        expected = "one" if page.complete else "one at most"
        raise FigureError(f"{page.path.name} has {len(found)} rows or tables {row.what!r}, expected {expected}")
    return found[0] if found else None


def _lines(row: Row | Table, measurement: Measurement, output: Output, measured: str) -> list[str]:
    try:
        return row.lines(measurement.name, output, measured)
    except MISREAD as error:
        problem = f"{type(error).__name__} {error}".strip()
        command = measurement.commands[-1]
        raise FigureError(f"no figure for {row.what!r} in the output of {command}: {problem}") from error
