"""Zeros where pixels should be: parts of a file that were never written, or not read from a dying disk.

Where pixels are stored plainly, a black part of the picture is zeros as well. But it ends where the picture's rows do,
or has a ragged rim, which is many short runs. What was lost begins and ends anywhere, or where the blocks of disks do.
"""

from __future__ import annotations

import re

from cnnkit.images.reader import ImageBytes

_RUN = bytes(256)  # so many zeros are a run
_BLOCK = 4096  # bytes of a disk or a page of memory
_MOST_RUNS = 4  # more of them are a black part with a rim
_OTHER = re.compile(rb"[^\0]")


def zeroed_damage(file: ImageBytes, start: int, row_bytes: int) -> str | None:
    """Returns what is damaged about a file of plain pixels; None where nothing shows.

    Args:
        file: The file.
        start: Where its pixels begin.
        row_bytes: Of a row of pixels.
    """
    runs = _long_runs(file.data, start)
    lost = [run for run in runs if _is_lost(run, len(file.data), start, row_bytes, alone=len(runs) <= _MOST_RUNS)]
    if not lost:
        return None
    return f"{sum(end - begin for begin, end in lost):,} bytes are zeros, from byte {lost[0][0]:,} on"


def _long_runs(data: bytes, start: int) -> list[tuple[int, int]]:
    runs, at = [], data.find(_RUN, start)
    while at >= 0:
        match = _OTHER.search(data, at)
        end = match.start() if match else len(data)
        runs.append((at, end))
        at = data.find(_RUN, end)
    return runs


def _is_lost(run: tuple[int, int], size: int, start: int, row_bytes: int, *, alone: bool) -> bool:
    begin, end = run
    if (begin - start) % row_bytes == 0:
        return False
    if begin % _BLOCK == 0 and end >= begin + _BLOCK and (end % _BLOCK == 0 or end == size):
        return True
    return alone and end - begin > row_bytes
