"""Run lengths as BMP has them, of 8 and of 4 bits a pixel, unpacked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_END_OF_ROW, _END, _MOVE = 0, 1, 2  # behind a zero; larger numbers count pixels that stand as they are
_NIBBLES = [bytes([value >> 4, value & 15]) for value in range(256)]


class Unpacked(NamedTuple):
    """What runs give."""

    indices: NDArray[np.uint8]  # (H, W) into the palette, in the order of the file; 0 where nothing is said
    whole: bool  # the end was found, or every row was filled


def unpack_runs(packed: bytes, width: int, height: int, *, nibbles: bool) -> Unpacked:
    """Unpacks runs; what stands beyond the end of a row is left out.

    Args:
        packed: The runs, and what comes behind them.
        width: Of the picture, in pixels.
        height: Of the picture.
        nibbles: Whether a pixel has 4 bits.
    """
    pixels, column, row, at, size = bytearray(width * height), 0, 0, 0, len(packed)
    while at + 1 < size and row < height:
        count, value = packed[at], packed[at + 1]
        at += 2
        if count == 0 and value == _END:
            return Unpacked(_as_rows(pixels, width), True)
        if count == 0 and value == _END_OF_ROW:
            column, row = 0, row + 1
            continue
        if count == 0 and value == _MOVE:
            if at + 1 >= size:
                break
            column, row, at = column + packed[at], row + packed[at + 1], at + 2
            continue
        if count:
            run = (_NIBBLES[value] * (count // 2 + 1))[:count] if nibbles else packed[at - 1 : at] * count
        else:
            length = (value + 1) // 2 if nibbles else value
            run, at = packed[at : at + length], at + length + length % 2
            run = b"".join([_NIBBLES[both] for both in run])[:value] if nibbles else run
        seen = run[: max(0, width - column)]
        start = row * width + column
        pixels[start : start + len(seen)] = seen
        column += len(run)
    return Unpacked(_as_rows(pixels, width), row >= height or (row == height - 1 and column >= width))


def _as_rows(pixels: bytearray, width: int) -> NDArray[np.uint8]:
    return np.frombuffer(pixels, np.uint8).reshape(-1, width)
