"""Damaged files give pixels or an ImageError, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from image_files import encode, heic, photo, with_orientation
from PIL import Image
from tiff_files import DEFLATE, PACKBITS, Tiff

from cnnkit.errors import ImageError
from cnnkit.images import decode_image

CAT = photo(24, 40)
FILES = {
    "jpeg": with_orientation(encode(CAT, "JPEG"), 6),
    "jpeg-progressive": encode(CAT, "JPEG", progressive=True),
    "jpeg-restarts": encode(CAT, "JPEG", restart_marker_blocks=1),
    "png": encode(CAT, "PNG"),
    "png-palette": encode(Image.fromarray(CAT).quantize(16), "PNG", transparency=3),
    "webp": encode(CAT, "WEBP"),
    "webp-alpha": encode(Image.fromarray(CAT).convert("RGBA"), "WEBP", lossless=True),
    "gif": encode(CAT, "GIF"),
    "bmp": encode(CAT, "BMP"),
    "tiff": encode(CAT, "TIFF"),
    "tiff-lzw": encode(CAT, "TIFF", compression="tiff_lzw"),
    "tiff-jpeg": encode(CAT, "TIFF", compression="jpeg"),
    "tiff-big-tiles": Tiff(CAT.astype(np.uint16), bits=16, big=True, tile=16, separate=True).write(),
    "tiff-packbits": Tiff(CAT[..., :1] >> 4, bits=4, photometric=0, compression=PACKBITS, rows=5).write(),
    "tiff-deflate": Tiff(CAT, compression=DEFLATE, predictor=True, rows=7, order=">").write(),
    "tiff-fax": encode(Image.fromarray(CAT).convert("1"), "TIFF", compression="group4"),
    "bmp-palette": encode(Image.fromarray(CAT).quantize(16), "BMP"),
    "avif": encode(CAT, "AVIF"),
    "heic": heic(CAT),
    "jp2": encode(CAT, "JPEG2000"),
}
# Behind the picture of these there are bytes that nobody needs.
PADDED = {"gif", "tiff-big-tiles", "tiff-packbits", "tiff-deflate"}
LACKS = {"jpeg": "JPEG lacks its end marker", "png": "PNG lacks its end"}


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=60, deadline=10_000)
@given(data=st.data())
def test_damaged_files(name: str, data: st.DataObject) -> None:
    whole = FILES[name]
    # Half of the damage is done to the first 64 bytes, where the headers are.
    place = st.one_of(st.integers(0, min(63, len(whole) - 1)), st.integers(0, len(whole) - 1))
    damaged = bytearray(whole)
    for at, value in data.draw(st.lists(st.tuples(place, st.integers(0, 255)), max_size=6), label="bytes changed"):
        damaged[at] = value
    length = data.draw(st.one_of(st.just(len(whole)), place), label="length")
    try:
        image = decode_image(bytes(damaged[:length]), name, max_pixels=1_000_000)
    except ImageError as error:
        assert error.reason
        assert "\n" not in str(error)
    else:
        assert image.pixels.dtype == "uint8"
        assert image.pixels.shape[2:] == (3,)
        assert image.pixels.size > 0


@pytest.mark.parametrize("name", sorted(FILES.keys() - PADDED))
@settings(max_examples=30, deadline=10_000)
@given(data=st.data())
def test_a_file_that_is_cut_is_never_taken_for_whole(name: str, data: st.DataObject) -> None:
    whole = FILES[name]
    expected = decode_image(whole, name).pixels
    length = data.draw(st.integers(0, len(whole) - 1))
    try:
        image = decode_image(whole[:length], name)
    except ImageError:
        return
    if image.damage is not None:
        return
    # Only the end of a JPEG or PNG may be missing, and bits that show nowhere.
    lacks = LACKS.get(name.split("-")[0])
    assert image.warnings == (() if lacks is None else (lacks,))
    assert (image.pixels == expected).all()
    assert length >= len(whole) - (4 if name.startswith("jpeg") else 12)


@settings(max_examples=100, deadline=10_000)
@given(start=st.sampled_from([data[:12] for data in FILES.values()]), rest=st.binary(max_size=80))
def test_noise_behind_a_signature(start: bytes, rest: bytes) -> None:
    try:
        decode_image(start + rest, "noise", max_pixels=1_000_000)
    except ImageError as error:
        assert error.source == "noise"
