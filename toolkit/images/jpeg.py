"""JPEG: its segments, its size, its orientation, and whether it has its end marker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from cnnkit.images.orientation import read_orientation
from cnnkit.images.reader import PLAIN, ImageBytes, Traits

SIGNATURE = b"\xff\xd8"
END = b"\xff\xd9"
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start of frame, of all kinds of JPEG
SCAN, PROGRESSIVE = 0xDA, 0xC2
_END, _APP1 = 0xD9, 0xE1
# Of frames that hardly any decoder knows.
_RARE = {0xC3: "lossless JPEG", 0xC5: "hierarchical JPEG", 0xC6: "hierarchical JPEG", 0xC7: "hierarchical JPEG"}
_RARE |= {0xCB: "lossless JPEG", 0xCD: "hierarchical JPEG", 0xCE: "hierarchical JPEG", 0xCF: "hierarchical JPEG"}
_FRAME = Struct(">BHH")  # bits of a sample, height and width
_ALONE = frozenset({0x01, 0xD8, _END})  # markers without a length
_MEASURED = frozenset(range(1, 0xFF)) - frozenset(range(0xD0, 0xD8)) - _ALONE  # those with a length
# In a scan, FF is followed by 00 or a restart marker: all else ends it. FF may be repeated in front of a marker.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)


class Segment(NamedTuple):
    """A marker and what belongs to it; of a scan that is its header without the coded data."""

    marker: int  # its second byte
    start: int  # of what follows the length
    end: int


class Head(NamedTuple):
    """Where things are in front of the coded data."""

    data: bytes  # all that is in front
    frame: int  # the start of the first frame's segment

    @property
    def scan(self) -> int:
        """The end of the first scan's header."""
        return len(self.data)


_ADOBE = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0"  # a segment that tells how colours are stored, but for its last byte
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MOST_KEPT = 4096  # bytes of a head
_last = Head(b"-", 0)


def read_size(file: ImageBytes) -> tuple[int, int]:
    """Returns width and height in pixels, as stored: before the orientation is applied.

    Raises:
        ImageError: The file is cut before its size, or is a JPEG of more than 8 bits.
    """
    usual = _usual_head(file.data)
    start = usual.frame if usual is not None else _frame(file)
    if start + _FRAME.size > len(file.data):
        raise file.truncated()
    bits, height, width = _FRAME.unpack_from(file.data, start)
    if bits != 8:
        raise file.unsupported(f"pixel type: {bits}-bit JPEG, expected 8 bits")
    if file.data[start - 3] in _RARE:
        raise file.unsupported(f"compression: {_RARE[file.data[start - 3]]}, expected a baseline or progressive JPEG")
    return width, height


def read_head(file: ImageBytes) -> tuple[Traits, Head]:
    """Reads what is in front of the coded data.

    Raises:
        ImageError: The file is cut before its first scan, or has none.
    """
    usual = _usual_head(file.data)
    if usual is not None:
        return PLAIN, usual
    exif, xmp, frame, scan = b"", b"", 0, len(file.data)
    for segment in segments(file):
        if segment.marker == _APP1 and not exif and file.data.startswith(b"Exif\0", segment.start):
            exif = file.data[segment.start : segment.end]
        if segment.marker == _APP1 and not xmp and file.data.startswith(_XMP, segment.start):
            xmp = file.data[segment.start : segment.end]
        if segment.marker in FRAMES and not frame:
            frame = segment.start
        if segment.marker == SCAN:
            scan = segment.end
            break
    return Traits(orientation=read_orientation(exif, xmp)), Head(file.data[:scan], frame)


def joined(tables: bytes, data: bytes, *, rgb: bool) -> bytes:
    """Makes a whole JPEG of the tables that several pictures share and one picture without them, as TIFF has them.

    Args:
        tables: A JPEG that holds tables alone; may be empty.
        data: A JPEG that lacks them.
        rgb: Whether its colours are RGB, which such a JPEG does not say; else they are YCbCr, or gray.
    """
    return SIGNATURE + _ADOBE + bytes([0 if rgb else 1]) + tables[2:].removesuffix(END) + data[2:]


def _frame(file: ImageBytes) -> int:
    """Returns where the first frame's segment starts."""
    frame = next((segment for segment in segments(file) if segment.marker in FRAMES), None)
    if frame is None:
        raise file.corrupt("it does not say its size")
    return frame.start


def _usual_head(data: bytes) -> Head | None:
    """Finds the first scan of a file as cameras' and programs' mostly are; None where it is not so plain.

    What one program wrote mostly begins with the very same bytes: where it does, so does all that they say, which is
    half of the time of a tiny picture's checks.
    """
    global _last
    last = _last  # once: another thread may replace it
    if data.startswith(last.data):
        return last
    head = _walk_head(data)
    if head is not None and head.scan <= _MOST_KEPT:
        _last = head
    return head


def _walk_head(data: bytes) -> Head | None:
    """Walks to the first scan: segment after segment, a frame among them, and none with EXIF data.

    It takes a third of the time that `segments` takes.
    """
    at, size, frame = 2, len(data), 0
    while at + 4 <= size and data[at] == 0xFF:
        marker, start = data[at + 1], at + 4
        end = at + 2 + (data[at + 2] << 8 | data[at + 3])
        if marker not in _MEASURED or marker == _APP1 or not start <= end <= size:
            return None
        if marker == SCAN:
            return Head(data[:end], frame) if frame else None
        if marker in FRAMES and not frame:
            frame = start
        at = end
    return None


def segments(file: ImageBytes) -> Iterator[Segment]:
    """Gives the segments of the first picture in the file, up to its end marker or the end of the data.

    Raises:
        ImageError: The data, or the picture, ends before the first scan.
    """
    at, scanned = 2, False
    while (segment := _segment_after(file.data, at)) is not None:
        if segment.marker == _END and not scanned:
            raise file.corrupt("it holds no picture")
        yield segment
        if segment.marker == _END:
            return
        scanned = scanned or segment.marker == SCAN
        at = segment.end
    if not scanned:
        raise file.truncated()


def _segment_after(data: bytes, at: int) -> Segment | None:
    if at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] in _MEASURED:  # as nearly always: nothing to look for
        start = at + 2
        end = start + (data[start] << 8 | data[start + 1])
        return Segment(data[at + 1], start + 2, end) if max(end, start + 2) <= len(data) else None
    match = _MARKER.search(data, at)
    if match is None:
        return None
    marker, start = match[1][0], match.end()
    if marker in _ALONE:
        return Segment(marker, start, start)
    end = start + int.from_bytes(data[start : start + 2], "big")
    return Segment(marker, start + 2, end) if max(end, start + 2) <= len(data) else None


def has_end(file: ImageBytes, scan: int) -> bool:
    """Whether the picture has an end marker.

    The end of the file is looked at first: only where something was put after the picture is it walked through.

    Args:
        file: The file.
        scan: The end of the first scan's header.
    """
    tail = file.data.rstrip(b"\0")
    if tail.endswith(END) and len(tail) - len(END) >= scan:
        return True
    return any(segment.marker == _END for segment in segments(file))
