"""WebP: its size, its chunks, its transparency."""

from __future__ import annotations

from collections.abc import Iterator

from cnnkit.images.orientation import read_orientation
from cnnkit.images.reader import ImageBytes, Traits

_ALPHA = 0x10  # a flag of the extended header


def read_size(file: ImageBytes) -> tuple[int, int]:
    """Returns width and height in pixels, of the canvas where there is one."""
    kind = file.data[12:16]
    if kind == b"VP8X":
        return file.number(24, 3, "little") + 1, file.number(27, 3, "little") + 1
    if kind == b"VP8L":
        bits = file.number(21, 4, "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        return file.number(26, 2, "little") & 0x3FFF, file.number(28, 2, "little") & 0x3FFF
    if len(file.data) < 16:
        raise file.truncated()
    raise file.corrupt("its first chunk is none that WebP knows")


def inspect(file: ImageBytes) -> Traits:
    """Checks that the file is as long as its header says.

    Raises:
        ImageError: The file is cut.
    """
    end = 8 + file.number(4, 4, "little")
    file.need(end)
    kind = file.data[12:16]
    lossless_alpha = kind == b"VP8L" and file.data[24] & 0x10 != 0
    extended_alpha = kind == b"VP8X" and file.data[20] & _ALPHA != 0
    exif = next((data for name, data in _chunks(file, end) if name == b"EXIF"), b"") if kind == b"VP8X" else b""
    return Traits(transparent=lossless_alpha or extended_alpha, orientation=read_orientation(exif))


def _chunks(file: ImageBytes, end: int) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= end:
        length = file.number(at + 4, 4, "little")
        yield file.data[at : at + 4], file.data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
