"""WebP: its size, its chunks, its transparency, and whether its pixels use up the data that there are.

WebP has no checksum, and its decoder stops as soon as it has enough. But whatever is coded uses up all of its bytes:
so data that give a picture although their last bytes are taken away were changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cnnkit.images.opencv_codec import decode_on_white, decode_rgb
from cnnkit.images.orientation import read_orientation
from cnnkit.images.reader import Decoded, ImageBytes, Traits

_ALPHA = 0x10  # a flag of the extended header
_PIXELS = (b"VP8 ", b"VP8L")
_SPARE = 6  # bytes: no encoder leaves so many at the end
_LEAST = 32  # bytes that OpenCV wants of any file


class _Chunk(NamedTuple):
    kind: bytes
    start: int  # of its data
    end: int


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
    file.need(8 + file.number(4, 4, "little"))
    kind = file.data[12:16]
    lossless_alpha = kind == b"VP8L" and file.data[24] & 0x10 != 0
    extended_alpha = kind == b"VP8X" and file.data[20] & _ALPHA != 0
    chunks = {chunk.kind: chunk for chunk in _chunks(file)} if kind == b"VP8X" else {}
    exif, xmp = (
        file.data[chunks[name].start : chunks[name].end] if name in chunks else b"" for name in (b"EXIF", b"XMP ")
    )
    return Traits(transparent=lossless_alpha or extended_alpha, orientation=read_orientation(exif, xmp))


def decode(file: ImageBytes, traits: Traits) -> Decoded:
    """Decodes the picture, or the first frame of an animation."""
    data = file.data.ljust(_LEAST, b"\0")
    pixels = decode_on_white(data, traits) if traits.transparent else decode_rgb(data)
    chunk = next((chunk for chunk in _chunks(file) if chunk.kind in _PIXELS), None)
    if pixels is None or chunk is None or chunk.end - chunk.start <= _SPARE:
        return Decoded(pixels)
    whole = decode_rgb(_shortened(file.data, chunk)) is None
    return Decoded(pixels, None if whole else "its picture ends before its data do")


def _shortened(data: bytes, chunk: _Chunk) -> bytes:
    """Takes the last bytes of a chunk away, and all that is behind it."""
    length = chunk.end - chunk.start - _SPARE
    kept = data[12 : chunk.start - 4] + length.to_bytes(4, "little") + data[chunk.start : chunk.end - _SPARE]
    kept += b"\0" * (length % 2)
    return (b"RIFF" + (4 + len(kept)).to_bytes(4, "little") + b"WEBP" + kept).ljust(_LEAST, b"\0")


def _chunks(file: ImageBytes) -> Iterator[_Chunk]:
    end = 8 + file.number(4, 4, "little")
    at = 12
    while at + 8 <= end:
        length = file.number(at + 4, 4, "little")
        yield _Chunk(file.data[at : at + 4], at + 8, at + 8 + length)
        at += 8 + length + length % 2
