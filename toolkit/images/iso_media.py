"""The boxes of HEIF files (HEIC and AVIF): the size of the main picture, and how it is to be turned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cnnkit.images.av1 import is_limited_gray
from cnnkit.images.reader import ImageBytes

AVIF_BRANDS = frozenset({b"avif", b"avis"})
HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_FULL = 4  # bytes of version and flags in front of some boxes' content
# Quarter turns against the clock, and what is mirrored then: 0 top and bottom, 1 left and right -> EXIF orientation.
_TURNS = {(0, None): 1, (0, 1): 2, (2, None): 3, (0, 0): 4, (1, 0): 5, (3, None): 6, (3, 0): 7, (1, None): 8}
_TURNS |= {(2, 0): 2, (2, 1): 4, (1, 1): 7, (3, 1): 5}


class _Box(NamedTuple):
    kind: bytes
    start: int  # of its content
    end: int


class Picture(NamedTuple):
    """What the boxes say of the main picture."""

    width: int  # as stored
    height: int
    orientation: int  # as in EXIF, 1 to 8
    bits: int  # of a sample, of AVIF; the picture itself may be made of others, which say it
    has_alpha: bool  # there is an item of opacity
    limited_gray: bool  # of AVIF: without colours, and its values run from 16 to 235 of 255


def read_brands(data: bytes) -> frozenset[bytes]:
    """Returns what a file says that it is, and what it may be read as; nothing of a file without boxes."""
    if data[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(data[:4], "big"), 256, len(data))
    return frozenset({data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))})


def read_picture(file: ImageBytes) -> Picture:
    """Reads the properties of the main picture.

    Raises:
        ImageError: The file is cut in its boxes, or does not say the picture's size.
    """
    meta = _find(file, 0, len(file.data), b"meta")
    properties = _find(file, meta.start + _FULL, meta.end, b"iprp")
    all_of_them = list(_boxes(file, *_find(file, properties.start, properties.end, b"ipco")[1:]))
    main = _main_item(file, meta)
    own = [
        all_of_them[index - 1]
        for box in _boxes(file, properties.start, properties.end)
        if box.kind == b"ipma"
        for index in _associated(file, box, main)
        if 1 <= index <= len(all_of_them)
    ]
    found = {box.kind: box for box in own}
    if b"ispe" not in found:
        raise file.corrupt("it does not say its size")
    size = found[b"ispe"].start + _FULL
    alpha = any(
        b"auxid:1" in file.data[b.start : b.end] or b":alpha" in file.data[b.start : b.end]
        for b in all_of_them
        if b.kind == b"auxC"
    )
    return Picture(
        file.number(size, 4, "big"),
        file.number(size + 4, 4, "big"),
        _orientation(file, found),
        max((_bits(file, box) for box in all_of_them if box.kind == b"av1C"), default=8),
        alpha,
        _is_limited_gray(file, own),
    )


def check_places(file: ImageBytes) -> None:
    """Checks that all that the file says to hold lies within it.

    Raises:
        ImageError: The file is cut.
    """
    meta = _find(file, 0, len(file.data), b"meta")
    places = next((box for box in _boxes(file, meta.start + _FULL, meta.end) if box.kind == b"iloc"), None)
    if places is None:
        return
    version, sizes = file.number(places.start, 1, "big"), file.number(places.start + _FULL, 2, "big")
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide, at = 4 if version == 2 else 2, places.start + _FULL + 2
    count, at = file.number(at, wide, "big"), at + wide
    for _ in range(count):
        at += wide
        elsewhere = version > 0 and file.number(at, 2, "big") & 15 > 0  # in a box, or made of other items
        at += (2 if version else 0) + 2
        begin, extents, at = file.number(at, base, "big"), file.number(at + base, 2, "big"), at + base + 2
        for _ in range(extents):
            at += index if version else 0
            end = begin + file.number(at, offset, "big") + file.number(at + offset, length, "big")
            at += offset + length
            file.need(0 if elsewhere else end)


def _orientation(file: ImageBytes, found: dict[bytes, _Box]) -> int:
    turns = file.number(found[b"irot"].start, 1, "big") & 3 if b"irot" in found else 0
    mirrored = file.number(found[b"imir"].start, 1, "big") & 1 if b"imir" in found else None
    return _TURNS[turns, mirrored]


def _is_limited_gray(file: ImageBytes, own: Sequence[_Box]) -> bool:
    config = next((file.data[box.start : box.end] for box in own if box.kind == b"av1C"), b"")
    if len(config) < 4 or not config[2] & 0x10:
        return False
    told = [file.data[box.start : box.end] for box in own if box.kind == b"colr"]
    ranges = [colours[10] for colours in told if colours[:4] == b"nclx" and len(colours) > 10]
    return ranges[0] < 0x80 if ranges else is_limited_gray(config)


def _bits(file: ImageBytes, box: _Box) -> int:
    flags = file.number(box.start + 2, 1, "big")
    return (12 if flags & 0x20 else 10) if flags & 0x40 else 8


def _main_item(file: ImageBytes, meta: _Box) -> int:
    boxes = [box.kind for box in _boxes(file, meta.start + _FULL, meta.end)]
    if b"pitm" not in boxes and b"moov" in file.data:
        raise file.unsupported(f"format: {file.format} of a film alone, expected one with a picture")
    box = _find(file, meta.start + _FULL, meta.end, b"pitm")
    return file.number(box.start + _FULL, 4 if file.data[box.start] else 2, "big")


def _associated(file: ImageBytes, box: _Box, item: int) -> Iterator[int]:
    """Gives the numbers, from 1, of an item's properties."""
    wide_items, wide_numbers = file.number(box.start, 1, "big") > 0, file.number(box.start + 3, 1, "big") & 1
    at = box.start + 8
    for _ in range(file.number(box.start + 4, 4, "big")):
        which = file.number(at, 4 if wide_items else 2, "big")
        at += 4 if wide_items else 2
        count, at = file.number(at, 1, "big"), at + 1
        for _ in range(count):
            number = file.number(at, 1 + wide_numbers, "big")
            at += 1 + wide_numbers
            if which == item:
                yield number & (0x7FFF if wide_numbers else 0x7F)


def _find(file: ImageBytes, start: int, end: int, kind: bytes) -> _Box:
    box = next((box for box in _boxes(file, start, end) if box.kind == kind), None)
    if box is None:
        raise file.corrupt(f"its {kind.decode()} box is missing")
    return box


def _boxes(file: ImageBytes, start: int, end: int) -> Iterator[_Box]:
    at = start
    while at + 8 <= end:
        size, head = file.number(at, 4, "big"), 8
        if size == 1:
            size, head = file.number(at + 8, 8, "big"), 16
        elif size == 0:
            size = end - at
        if size < head:
            raise file.corrupt(f"a box of {size} bytes at byte {at:,}")
        if at + size > len(file.data):
            raise file.truncated()
        yield _Box(file.data[at + 4 : at + 8], at + head, at + size)
        at += size
