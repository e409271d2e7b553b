"""Run lengths as BMP has them, of 8 and of 4 bits a pixel, unpacked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_END_OF_ROW, _END, _MOVE = 0, 1, 2  # behind a zero; larger numbers count pixels that stand as they are
_NIBBLES = [bytes([value >> 4, value & 15]) for value in range(256)]
_MANY, _AT_ONCE = 32, 1024  # of so many runs behind one another as many are unpacked together


class Unpacked(NamedTuple):
    """What runs give."""

    indices: NDArray[np.uint8]  # (H, W) into the palette, in the order of the file; 0 where nothing is said
    whole: bool  # the end was found, or every row was filled


def unpack_runs(packed: bytes, at: int, width: int, height: int, *, nibbles: bool) -> Unpacked:
    """Unpacks runs; what stands beyond the end of a row is left out.

    Args:
        packed: Holds the runs, and what comes behind them.
        at: Where they begin.
        width: Of the picture, in pixels.
        height: Of the picture.
        nibbles: Whether a pixel has 4 bits.
    """
    pixels, column, row, size = bytearray(width * height), 0, 0, len(packed)
    while at + 1 < size and row < height:
        count, value = packed[at], packed[at + 1]
        if count == 0 and value == _END:
            return Unpacked(_as_rows(pixels, width), True)
        if count == 0 and value == _END_OF_ROW:
            column, row, at = 0, row + 1, at + 2
            continue
        if count == 0 and value == _MOVE:
            if at + 3 >= size:
                break
            column, row, at = column + packed[at + 2], row + packed[at + 3], at + 4
            continue
        run, at = (_repeated if count else _as_they_are)(packed, at, nibbles)
        seen = run[: max(0, width - column)]
        start = row * width + column
        pixels[start : start + len(seen)] = seen
        column += len(run)
    return Unpacked(_as_rows(pixels, width), row >= height or (row == height - 1 and column >= width))


def _repeated(packed: bytes, at: int, nibbles: bool) -> tuple[bytes, int]:
    """Returns the pixels of a run, or of many runs behind one another, and where what follows is."""
    if 0 in packed[at : at + 2 * _MANY : 2] or at + 2 * _MANY > len(packed):
        count, value = packed[at], packed[at + 1]
        return (_NIBBLES[value] * (count // 2 + 1))[:count] if nibbles else packed[at + 1 : at + 2] * count, at + 2
    counts = packed[at : at + 2 * _AT_ONCE : 2].partition(b"\0")[0]
    values = packed[at + 1 : at + 2 * len(counts) : 2]
    many = np.frombuffer(counts, np.uint8, len(values)).astype(np.intp)
    pixels = np.frombuffer(values, np.uint8).repeat(many)
    if nibbles:
        second = (np.arange(len(pixels)) - (many.cumsum() - many).repeat(many)) % 2 == 1
        pixels = np.where(second, pixels & 15, pixels >> 4)
    return pixels.tobytes(), at + 2 * len(values)


def _as_they_are(packed: bytes, at: int, nibbles: bool) -> tuple[bytes, int]:
    """Returns pixels that are no run, and where what follows is."""
    count = packed[at + 1]
    length = (count + 1) // 2 if nibbles else count
    run, after = packed[at + 2 : at + 2 + length], at + 2 + length + length % 2
    return b"".join([_NIBBLES[both] for both in run])[:count] if nibbles else run, after


def _as_rows(pixels: bytearray, width: int) -> NDArray[np.uint8]:
    return np.frombuffer(pixels, np.uint8).reshape(-1, width)
