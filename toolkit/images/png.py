"""PNG: its size, its chunks, its transparency."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from cnnkit.images.orientation import read_orientation
from cnnkit.images.reader import ImageBytes, Traits

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GRAY = 0
_WITH_ALPHA = (4, 6)  # colour types: gray and alpha, RGB and alpha


@dataclass(frozen=True)
class _Chunk:
    kind: bytes
    start: int  # of its data
    end: int  # of its data; four bytes of checksum follow


def read_size(file: ImageBytes) -> tuple[int, int]:
    """Returns width and height in pixels."""
    file.need(26)
    if file.data[12:16] != b"IHDR":
        raise file.corrupt("its header chunk is missing")
    return file.number(16, 4, "big"), file.number(20, 4, "big")


def inspect(file: ImageBytes) -> Traits:
    """Checks that all chunks are there and whole.

    Raises:
        ImageError: The file is cut, or a chunk fails its checksum.
    """
    chunks = {chunk.kind: chunk for chunk in _chunks(file)}
    if b"IDAT" not in chunks:
        raise file.corrupt("it holds no pixels")
    transparency, exif = chunks.get(b"tRNS"), chunks.get(b"eXIf")
    gray = file.data[25] == _GRAY and transparency is not None
    return Traits(
        transparent=file.data[25] in _WITH_ALPHA or transparency is not None,
        transparent_gray=_transparent_gray(file, transparency) if gray and transparency else None,
        orientation=read_orientation(file.data[exif.start : exif.end]) if exif else 1,
    )


def _chunks(file: ImageBytes) -> Iterator[_Chunk]:
    view, at = memoryview(file.data), len(SIGNATURE)
    while True:
        end = at + 8 + file.number(at, 4, "big")
        checksum = file.number(end, 4, "big")
        kind = file.data[at + 4 : at + 8]
        # Ancillary chunks, in lower case, may be wrong without harm to the picture.
        if kind[:1].isupper() and zlib.crc32(view[at + 4 : end]) != checksum:
            raise file.corrupt(f"its {kind.decode('latin-1')} chunk fails its checksum")
        yield _Chunk(kind, at + 8, end)
        if kind == b"IEND":
            return
        at = end + 4


def _transparent_gray(file: ImageBytes, chunk: _Chunk) -> int:
    depth = file.data[24]
    value = int.from_bytes(file.data[chunk.start : chunk.start + 2], "big")
    return value if depth >= 8 else value * 255 // (2**depth - 1)
