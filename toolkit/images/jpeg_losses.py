"""What shows that part of a JPEG was lost although the file has its end: zeros, and scans that are missing."""

from __future__ import annotations

import re

from cnnkit.images.jpeg import PROGRESSIVE, SCAN, Segment, has_end, read_head, segments
from cnnkit.images.jpeg_end import has_all_scans
from cnnkit.images.reader import ImageBytes, Traits

_TABLES, _END = 0xC4, 0xD9
_ZEROS = bytes(16)
_SECTOR = 512  # bytes of a disk
_OTHER = re.compile(rb"[^\0]")


def inspect(file: ImageBytes) -> Traits:
    """Looks for the orientation and the end marker, and for what shows that part of the picture was lost.

    An end marker counts only after the start of the first scan: a thumbnail inside a segment has one of its own.

    Raises:
        ImageError: The file is cut before its first scan, or has none.
    """
    traits, head = read_head(file)
    if not has_end(file, head.scan):
        return traits._replace(lacks_end=True)
    zeros, progressive = file.data.find(_ZEROS, head.scan), file.data[head.frame - 3] == PROGRESSIVE
    if zeros < 0 and not progressive:
        return traits
    return traits._replace(damage=_lost(file, zeros, progressive=progressive))


def _lost(file: ImageBytes, zeros: int, *, progressive: bool) -> str | None:
    headers = list(segments(file))
    end = headers[-1].start if headers[-1].marker == _END else len(file.data)
    while 0 <= zeros < end:
        match = _OTHER.search(file.data, zeros)
        run = zeros, match.start() if match else len(file.data)
        if run[1] < end and not _may_be_flat(file.data, headers, run, progressive=progressive):
            return f"{run[1] - run[0]:,} bytes are zeros, from byte {run[0]:,} on"
        zeros = file.data.find(_ZEROS, run[1])
    if progressive and not has_all_scans(file.data, headers):
        return "scans are missing"
    return None


def _may_be_flat(data: bytes, headers: list[Segment], run: tuple[int, int], *, progressive: bool) -> bool:
    """Whether so many zeros may be a part of the picture without any structure, rather than one that was lost.

    They may where the first code of each table, which is all zeros, says "as before" and "nothing more"; and what was
    lost mostly begins and ends where the sectors of disks do.
    """
    if run[0] % _SECTOR == 0 and run[1] % _SECTOR == 0:
        return False
    scan = max((header for header in headers if header.marker == SCAN and header.end <= run[0]), key=lambda h: h.end)
    tables = [header for header in headers if header.marker == _TABLES and header.end <= scan.start]
    return progressive or all(
        first == 0 for header in tables for first in _first_symbols(data[header.start : header.end])
    )


def _first_symbols(tables: bytes) -> list[int]:
    """Returns what the shortest code of each Huffman table in a segment stands for."""
    found, at = [], 0
    while at + 17 < len(tables):
        found.append(tables[at + 17])
        at += 17 + sum(tables[at + 1 : at + 17])
    return found
