"""PNG: its size, its chunks, its transparency, its orientation."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from cnnkit.images.opencv_codec import decode_on_white, decode_rgb
from cnnkit.images.orientation import read_orientation
from cnnkit.images.reader import Decoded, ImageBytes, Traits

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GRAY, _RGB = 0, 2  # colour types
_WITH_ALPHA = (4, 6)  # colour types: gray and alpha, RGB and alpha
_END = b"\0\0\0\0IEND\xaeB\x60\x82"
_LACKS_END = "PNG lacks its end"
_ANIMATION = (b"acTL", b"fcTL", b"fdAT")
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_RAW_PROFILES = (b"Raw profile type exif", b"Raw profile type APP1")  # of ImageMagick
_MOST_TEXT = 2**20
_HEXADECIMAL = re.compile(rb"(?:[0-9a-fA-F]{2})+")


@dataclass(frozen=True)
class _Chunk:
    kind: bytes
    start: int  # of its data
    end: int  # of its data; four bytes of checksum follow


def read_size(file: ImageBytes) -> tuple[int, int]:
    """Returns width and height in pixels."""
    file.need(26)
    if file.data[12:16] == b"CgBI":
        raise file.unsupported("format: PNG as the apps of iOS hold it (CgBI), expected another PNG")
    if file.data[12:16] != b"IHDR":
        raise file.corrupt("its header chunk is missing")
    return file.number(16, 4, "big"), file.number(20, 4, "big")


def inspect(file: ImageBytes) -> Traits:
    """Checks that all chunks are there and whole.

    Raises:
        ImageError: The file is cut, or a chunk fails its checksum.
    """
    chunks: dict[bytes, _Chunk] = {}
    texts = []
    for chunk in _chunks(file):
        chunks[chunk.kind] = chunk
        if chunk.kind in _TEXTS:
            texts.append(chunk)
    if b"IDAT" not in chunks:
        raise file.corrupt("it holds no pixels")
    transparency = chunks.get(b"tRNS")
    transparent = file.data[25] in _WITH_ALPHA or transparency is not None
    gray = file.data[25] == _GRAY and transparency is not None
    return Traits(
        transparent=transparent,
        transparent_gray=_transparent_gray(file, transparency) if gray and transparency else None,
        orientation=_orientation(file, chunks.get(b"eXIf"), texts) if b"eXIf" in chunks or texts else 1,
        mended=b"IEND" not in chunks or b"acTL" in chunks,
        deep=file.data[24] == 16,
        weight=2 if file.data[24] == 16 and file.data[25] in (*_WITH_ALPHA, _RGB) and transparent else 1,
        warning=None if b"IEND" in chunks else _LACKS_END,
    )


def decode(file: ImageBytes, traits: Traits) -> Decoded:
    """Decodes the picture itself, not the frames of an animation.

    Raises:
        ImageError: The file ends in front of the end of its pixels.
    """
    data = _still(file) if traits.mended else file.data
    pixels = decode_on_white(data, traits) if traits.transparent else decode_rgb(data)
    if pixels is None and traits.warning is not None:
        raise file.truncated()
    return Decoded(pixels)


def _still(file: ImageBytes) -> bytes:
    """Returns a PNG without what belongs to its animation, and with an end."""
    kept = (chunk for chunk in _chunks(file) if chunk.kind not in (*_ANIMATION, b"IEND"))
    return b"".join([SIGNATURE, *(file.data[chunk.start - 8 : chunk.end + 4] for chunk in kept), _END])


def _chunks(file: ImageBytes) -> Iterator[_Chunk]:
    """Gives the chunks up to the end; a file may end behind a whole one, too."""
    view, at = memoryview(file.data), len(SIGNATURE)
    while True:
        end = at + 8 + file.number(at, 4, "big")
        checksum = file.number(end, 4, "big")
        kind = file.data[at + 4 : at + 8]
        # Ancillary chunks, in lower case, may be wrong without harm to the picture.
        if kind[:1].isupper() and zlib.crc32(view[at + 4 : end]) != checksum:
            raise file.corrupt(f"its {kind.decode('latin-1')} chunk fails its checksum")
        yield _Chunk(kind, at + 8, end)
        at = end + 4
        rest = len(file.data) - at
        if kind == b"IEND" or (rest < len(_END) and kind == b"IDAT" and _END.startswith(file.data[at:])):
            return


def _orientation(file: ImageBytes, exif: _Chunk | None, texts: list[_Chunk]) -> int:
    """Reads what says how the camera was held: EXIF in a chunk of its own or in a text of old programs, or XMP."""
    found, xmp = file.data[exif.start : exif.end] if exif else b"", b""
    for chunk in texts:
        name, _, rest = file.data[chunk.start : chunk.end].partition(b"\0")
        if name == b"XML:com.adobe.xmp":
            xmp = _unpacked(rest[2:]) if rest[:1] == b"\1" else rest
        elif name in _RAW_PROFILES and not found:
            found = _raw_profile(_unpacked(rest[1:]) if chunk.kind == b"zTXt" else rest)
    return read_orientation(found, xmp)


def _unpacked(data: bytes) -> bytes:
    """Unpacks up to 1 MiB of text; what of it is whole, where it is damaged."""
    start = data.find(b"\x78")  # where zlib's data begin; in an iTXt the language and a name stand before it
    try:
        return zlib.decompressobj().decompress(data[max(0, start) :], _MOST_TEXT)
    except zlib.error:
        return b""


def _raw_profile(text: bytes) -> bytes:
    """Returns the bytes of a profile that stands there in hexadecimal digits, behind its name and its length."""
    digits = b"".join(text.strip().split(b"\n")[2:])
    return bytes.fromhex(digits.decode("ascii")) if _HEXADECIMAL.fullmatch(digits) else b""


def _transparent_gray(file: ImageBytes, chunk: _Chunk) -> int:
    depth = file.data[24]
    value = int.from_bytes(file.data[chunk.start : chunk.start + 2], "big")
    return value if depth >= 8 else value * 255 // (2**depth - 1)
