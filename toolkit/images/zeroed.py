"""Zeros where pixels should be: parts of a file that were never written, or not read from a dying disk.

Where pixels are stored plainly, a black part of the picture is zeros as well. But it ends where the picture's rows do,
or has a ragged rim, which is many short runs, or is black in the row above, too, as a frame or the ground of a drawing
is. What was lost begins and ends anywhere, or where the blocks of disks do.
"""

from __future__ import annotations

import re

from cnnkit.images.reader import ImageBytes

_RUN = bytes(256)  # so many zeros are a run
_BLOCK = 4096  # bytes of a disk or a page of memory
_MOST_RUNS = 4  # more of them are a black part with a rim
_SLACK = 16  # part of a row by which a black part may be narrower in the row above
_OTHER = re.compile(rb"[^\0]")


def zeroed_damage(file: ImageBytes, start: int, end: int, row_bytes: int) -> str | None:
    """Returns what is damaged about a file of plain pixels; None where nothing shows.

    Args:
        file: The file.
        start: Where its pixels begin.
        end: Where they end.
        row_bytes: Of a row of pixels.
    """
    runs = _long_runs(file.data, start, end)
    lost = [run for run in runs if _is_lost(file.data, run, start, end, row_bytes, alone=len(runs) <= _MOST_RUNS)]
    if not lost:
        return None
    return f"{sum(end - begin for begin, end in lost):,} bytes are zeros, from byte {lost[0][0]:,} on"


def _long_runs(data: bytes, start: int, end: int) -> list[tuple[int, int]]:
    runs, at = [], data.find(_RUN, start, end)
    while at >= 0:
        match = _OTHER.search(data, at, end)
        behind = match.start() if match else end
        runs.append((at, behind))
        at = data.find(_RUN, behind, end)
    return runs


def _is_lost(data: bytes, run: tuple[int, int], start: int, end: int, row_bytes: int, *, alone: bool) -> bool:
    begin, behind = run
    column = (begin - start) % row_bytes
    if column == 0:
        return False
    if begin % _BLOCK == 0 and behind >= begin + _BLOCK and (behind % _BLOCK == 0 or behind == end):
        return True
    slack = min(row_bytes // _SLACK, (row_bytes - column) // 2)
    above = begin - row_bytes + slack, begin - column
    goes_on = above[0] >= start and not any(data[above[0] : above[1]])
    return alone and behind - begin > row_bytes and not goes_on
