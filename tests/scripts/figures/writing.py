"""Puts figures into the README, and leaves all else in it as it is."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cnnkit.machine.machine import Machine
from cnnkit.system.files import write_text
from figures.figure import FigureError, Measurement, Output

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
    there = [DOT_PRODUCTS[name] for name in machine.instruction_sets if name in DOT_PRODUCTS]
    known = f" ({', '.join(there) or 'no VNNI'})" if machine.instruction_sets else ""
    return f"{day.isoformat()}, {machine.cpu}{known}, {processors}"


def with_figures(text: str, measurement: Measurement, output: Output, measured: str) -> str:
    """Returns a README with the figures of a measurement in it.

    Args:
        text: The README.
        measurement: Whose rows are replaced.
        output: What its last command printed.
        measured: When and on what.

    Raises:
        FigureError: A figure is not in the output, or its row not in the README.
    """
    lines = text.split("\n")
    for row in measurement.rows:
        try:
            replacement = row.lines(measurement.commands, output, measured)
        except MISREAD as error:
            problem = f"{type(error).__name__} {error}".strip()
            raise FigureError(
                f"no figure for {row.what!r} in the output of {measurement.commands[-1]}: {problem}"
            ) from error
        lines[row.place(lines)] = replacement
    return "\n".join(lines)


def write_figures(readme: Path, measurement: Measurement, output: Output, measured: str) -> None:
    """Puts the figures of a measurement into the README, which is replaced whole or not at all.

    It is read once more each time: what was written into it meanwhile stays.

    Raises:
        FigureError: A figure is not in the output, or its row not in the README.
        OutputError: The file cannot be written.
    """
    write_text(readme, with_figures(readme.read_text(encoding="utf-8"), measurement, output, measured))
