"""The boxes of AVIF and HEIC, written by hand."""

from __future__ import annotations

import struct

import pytest
from image_files import encode, heic, photo

from cnnkit.errors import ImageError
from cnnkit.images.iso_media import check_places, read_picture
from cnnkit.images.reader import ImageBytes

DEEP, SHALLOW = b"\x81\x20\x40\0", b"\x81\0\x1c\0"  # what an encoder says of 10 and 8 bits


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def file_of(properties: list[bytes], own: list[int], places: bytes = b"") -> ImageBytes:
    """A file whose main picture has those of its properties that are numbered."""
    associated = struct.pack(">IIHB", 0, 1, 1, len(own)) + bytes(own)
    meta = box(b"pitm", bytes(4) + b"\0\1") + places
    meta += box(b"iprp", box(b"ipco", b"".join(properties)) + box(b"ipma", associated))
    return ImageBytes(box(b"ftyp", b"avif" + bytes(4) + b"avif") + box(b"meta", bytes(4) + meta), "photo", "AVIF")


SIZE = box(b"ispe", bytes(4) + struct.pack(">II", 96, 64))


@pytest.mark.parametrize(
    ("codecs", "own", "bits"),
    [
        ([SHALLOW], [1, 2], 8),
        ([DEEP], [1, 2], 10),
        ([DEEP], [1], 10),  # a picture made of parts, which have a codec
        ([DEEP, SHALLOW], [1], 10),
        ([], [1], 8),
    ],
    ids=["8", "10", "parts", "parts-and-more", "unsaid"],
)
def test_the_bits_of_a_picture_or_its_parts(codecs, own, bits):
    picture = read_picture(file_of([SIZE, *(box(b"av1C", codec) for codec in codecs)], own))
    assert (picture.width, picture.height, picture.bits) == (96, 64, bits)


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize(("begin", "length", "whole"), [(10, 20, True), (10, 2000, False), (2000, 1, False)])
def test_parts_lie_within_the_file(version, begin, length, whole):
    wide = ">I" if version == 2 else ">H"
    item = struct.pack(wide, 1) + (b"\0\0" if version else b"") + struct.pack(">HIHII", 0, 0, 1, begin, length)
    places = box(b"iloc", bytes([version, 0, 0, 0]) + b"\x44\x40" + struct.pack(wide, 1) + item)
    file = file_of([SIZE], [1], places)
    if whole:
        check_places(file)
        return
    with pytest.raises(ImageError, match=f"truncated AVIF: data ends after {len(file.data)} bytes"):
        check_places(file)


@pytest.mark.parametrize("kind", ["AVIF", "HEIC"])
def test_files_of_encoders_lie_within_themselves(kind):
    data = encode(photo(), "AVIF") if kind == "AVIF" else heic(photo())
    check_places(ImageBytes(data, "photo", kind))
    with pytest.raises(ImageError, match=f"truncated {kind}"):
        check_places(ImageBytes(data[:-1], "photo", kind))
