"""Kernels of one's own: written on the command line, or in a file."""

from __future__ import annotations

import math
import os
from pathlib import Path

from cnnkit.errors import UsageError
from cnnkit.filters.kernels import KERNELS, Kernel

_MOST = 31  # rows and columns
_LARGEST = 1e6  # of a weight
_BYTES = 65_536  # of a file
_EXPECTED = (
    f"one of {', '.join(KERNELS)}, rows such as '0,-1,0;-1,5,-1;0,-1,0', or a file with a row a line"
)  # fmt: skip


def find_kernel(text: str) -> Kernel:
    """Returns a kernel by its name, its numbers or its file.

    Args:
        text: A name of `KERNELS`; numbers separated by commas or blanks, rows by semicolons, with fractions such as
            1/9; or the path of a text file with such a row a line.

    Raises:
        UsageError: It is none of these, or no kernel: rows of several lengths, too many, all zero.
    """
    if text in KERNELS:
        return KERNELS[text]
    path = Path(text)
    if ";" not in text and "," not in text and os.path.lexists(text):
        return _kernel(path.stem, _read(path).splitlines(), text)
    return _kernel("own", text.split(";"), text)


def _kernel(name: str, lines: list[str], said: str) -> Kernel:
    rows = tuple(tuple(_number(word, said) for word in words) for line in lines if (words := _words(line)))
    if not rows or len({len(row) for row in rows}) > 1 or max(len(rows), len(rows[0])) > _MOST:
        lengths = ", ".join(str(len(row)) for row in rows[:8]) or "0"
        expected = f"expected rows of one length, {_MOST} at most each way"
        raise UsageError(f"--kernel {said}: {len(rows)} rows of {lengths} numbers, {expected}")
    if not any(map(any, rows)):
        raise UsageError(f"--kernel {said}: all weights are 0, so every answer is: expected one that is not")
    title = f"own {len(rows)} × {len(rows[0])}" if name == "own" else name
    return Kernel(name, title, rows)


def _words(line: str) -> list[str]:
    return line.partition("#")[0].replace(",", " ").split()


def _number(word: str, said: str) -> float:
    try:
        above, slash, below = word.rpartition("/")
        value = float(above) / float(below) if slash else float(below)
    except (ValueError, ZeroDivisionError):
        value = math.nan
    if not abs(value) <= _LARGEST:
        raise UsageError(f"--kernel {said}: {word!r} is no number up to {_LARGEST:,.0f}, expected {_EXPECTED}")
    return value


def _read(path: Path) -> str:
    if not path.is_file():
        raise UsageError(f"--kernel {path} is no file, expected {_EXPECTED}")
    with path.open("rb") as file:
        data = file.read(_BYTES + 1)
    if len(data) > _BYTES or b"\0" in data:
        raise UsageError(f"--kernel {path} is no text file of up to {_BYTES:,} bytes, expected a row of numbers a line")
    return data.decode("utf-8", errors="replace")
