"""HEIC and AVIF: what phones write."""

from __future__ import annotations

import io
import sys

import numpy as np
import pillow_heif
import pytest
from image_files import encode, heic, photo
from layout_pictures import ALPHA, CAT, GRAY, on_white, turned
from PIL import Image

from cnnkit.errors import ImageError
from cnnkit.images import decode_image

SHOWN = {"RGB": CAT, "RGBA": on_white(CAT, ALPHA), "L": np.dstack([GRAY] * 3)}


@pytest.mark.parametrize("mode", SHOWN)
def test_heic(mode: str) -> None:
    stored = {"RGB": CAT, "RGBA": np.dstack([CAT, ALPHA]), "L": GRAY}[mode]
    pixels = decode_image(heic(stored, mode), "photo").pixels
    assert pixels.shape == CAT.shape
    assert np.abs(pixels.astype(int) - SHOWN[mode]).mean() < 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_is_turned_as_its_boxes_say(orientation: int) -> None:
    tag = Image.Exif()
    tag[0x0112] = orientation
    buffer = io.BytesIO()
    pillow_heif.register_heif_opener()
    Image.fromarray(turned(CAT, orientation)).save(buffer, "HEIF", quality=100, exif=tag.tobytes())
    pixels = decode_image(buffer.getvalue(), "photo").pixels
    assert pixels.shape == CAT.shape
    assert np.abs(pixels.astype(int) - CAT).mean() < 4


def test_without_the_extra_the_reason_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    data = heic(CAT)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ImageError) as caught:
        decode_image(data, "photo")
    assert caught.value.reason == (
        "unsupported format: HEIC needs pillow_heif, which is not installed: pip install 'cnnkit[heif]'"
    )


def test_the_size_is_known_before_anything_is_decoded() -> None:
    for data in (heic(photo(64, 96)), encode(photo(64, 96), "AVIF")):
        with pytest.raises(ImageError, match="96 x 64 pixels, more than the limit of 1,000"):
            decode_image(data, "photo", max_pixels=1000)


@pytest.mark.parametrize("length", [20, 200, 400, -100, -1])
def test_cut_files_are_refused(length: int) -> None:
    for data in (heic(photo(64, 64)), encode(photo(64, 64), "AVIF")):
        with pytest.raises(ImageError, match=r"photo: (truncated|corrupt) (HEIC|AVIF)"):
            decode_image(data[:length], "photo")


def test_what_the_decoder_says_is_one_line() -> None:
    whole = heic(photo(64, 64))
    with pytest.raises(ImageError) as caught:
        decode_image(whole[: len(whole) // 2 + 200], "photo")
    assert caught.value.reason.splitlines() == [caught.value.reason.strip()]


@pytest.mark.parametrize("bits", [10, 12])
def test_avif_of_more_bits_with_alpha(bits: int) -> None:
    import cv2

    deep = np.dstack([CAT[..., ::-1], ALPHA]).astype(np.uint16) << (bits - 8)
    done, data = cv2.imencode(".avif", deep, [cv2.IMWRITE_AVIF_DEPTH, bits, cv2.IMWRITE_AVIF_QUALITY, 100])
    assert done
    pixels = decode_image(bytes(data), "photo").pixels
    assert np.abs(pixels.astype(int) - on_white(CAT, ALPHA)).mean() < 3


@pytest.mark.parametrize("kind", ["full", "limited"])
def test_gray_avif_of_both_ranges(kind: str) -> None:
    gray = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    pixels = decode_image(encode(gray, "AVIF", quality=100, range=kind), "photo").pixels
    assert np.abs(pixels.astype(int) - gray[..., None]).max() <= 2


def test_an_avif_of_a_film_alone_is_named() -> None:
    data = encode(photo(64, 96), "AVIF").replace(b"pitm", b"free") + b"\0\0\0\x08moov"
    with pytest.raises(ImageError, match="unsupported format: AVIF of a film alone, expected one with a picture"):
        decode_image(data, "photo")
