from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from image_files import encode, encode_cv2, exif, photo, png, png_chunk, with_orientation, with_png_chunk, with_segment
from PIL import Image

from cnnkit.images import decode_image

CAT = photo()
GRAY = np.asarray(Image.fromarray(CAT).convert("L"))
# Transparent at the left, opaque at the right.
ALPHA = np.tile(np.linspace(0, 255, CAT.shape[1]).astype(np.uint8), (CAT.shape[0], 1))
RGBA = np.dstack([CAT, ALPHA])
ON_WHITE = np.rint((CAT * (ALPHA[..., None] / 255)) + (255 - ALPHA[..., None])).astype(np.uint8)
PALETTE = Image.fromarray(CAT).quantize(64)


def as_rgb(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))


def assert_close(pixels: np.ndarray, expected: np.ndarray, within: float) -> None:
    assert pixels.dtype == np.uint8
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).max() <= within


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(encode(CAT, "PNG"), CAT, id="png"),
        pytest.param(encode(GRAY, "PNG"), np.dstack([GRAY] * 3), id="png-gray"),
        pytest.param(encode(PALETTE, "PNG"), as_rgb(PALETTE), id="png-palette"),
        pytest.param(
            encode(Image.fromarray(CAT).convert("1"), "PNG"), as_rgb(Image.fromarray(CAT).convert("1")), id="png-1-bit"
        ),
        pytest.param(encode(CAT, "WEBP", lossless=True), CAT, id="webp-lossless"),
        pytest.param(encode(CAT, "BMP"), CAT, id="bmp"),
        pytest.param(encode(PALETTE, "BMP"), as_rgb(PALETTE), id="bmp-palette"),
        pytest.param(encode(RGBA, "BMP"), CAT, id="bmp-alpha-ignored"),
        pytest.param(encode(PALETTE, "GIF"), as_rgb(PALETTE), id="gif"),
        pytest.param(encode(PALETTE, "GIF", interlace=True), as_rgb(PALETTE), id="gif-interlaced"),
        pytest.param(encode(CAT, "TIFF"), CAT, id="tiff"),
        pytest.param(encode(CAT, "TIFF", compression="tiff_lzw"), CAT, id="tiff-lzw"),
        pytest.param(encode(CAT, "TIFF", compression="tiff_adobe_deflate"), CAT, id="tiff-deflate"),
        pytest.param(encode(CAT, "TIFF", compression="packbits"), CAT, id="tiff-packbits"),
        pytest.param(encode(GRAY, "TIFF"), np.dstack([GRAY] * 3), id="tiff-gray"),
        pytest.param(encode(PALETTE, "TIFF"), as_rgb(PALETTE), id="tiff-palette"),
    ],
)
def test_lossless_formats_give_the_pixels_that_were_written(data: bytes, expected: np.ndarray) -> None:
    image = decode_image(data, "photo")
    assert image.warnings == ()
    assert_close(image.pixels, expected, 0)


@pytest.mark.parametrize(
    ("data", "mean_difference"),
    [
        pytest.param(encode(CAT, "JPEG", quality=95), 4, id="jpeg"),
        pytest.param(encode(CAT, "JPEG", quality=95, progressive=True), 4, id="jpeg-progressive"),
        pytest.param(encode(Image.fromarray(CAT).convert("CMYK"), "JPEG", quality=95), 4, id="jpeg-cmyk"),
        pytest.param(encode(CAT, "WEBP", quality=95), 5, id="webp-lossy"),
        pytest.param(encode(CAT, "TIFF", compression="jpeg", quality=95), 4, id="tiff-jpeg"),
    ],
)
def test_lossy_formats_give_rgb_close_to_what_was_written(data: bytes, mean_difference: float) -> None:
    pixels = decode_image(data, "photo").pixels
    assert pixels.shape == CAT.shape
    assert np.abs(pixels.astype(int) - CAT).mean() < mean_difference


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_values_keep_their_upper_8_bits(suffix: str) -> None:
    assert_close(decode_image(encode_cv2(CAT.astype(np.uint16) * 257, suffix), "photo").pixels, CAT, 0)
    assert_close(
        decode_image(encode_cv2(GRAY.astype(np.uint16) * 257, suffix), "photo").pixels, np.dstack([GRAY] * 3), 0
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encode(RGBA, "PNG"), id="png"),
        pytest.param(encode_cv2(RGBA.astype(np.uint16) * 257, ".png"), id="png-16-bit"),
        pytest.param(encode(RGBA, "WEBP", lossless=True), id="webp"),
        pytest.param(encode(RGBA, "TIFF"), id="tiff"),
        pytest.param(encode(RGBA, "TIFF", compression="tiff_lzw"), id="tiff-lzw"),
        pytest.param(encode_cv2(RGBA, ".tif"), id="tiff-without-a-word-on-its-alpha"),
        pytest.param(encode_cv2(RGBA.astype(np.uint16) * 257, ".tif"), id="tiff-16-bit"),
    ],
)
def test_transparent_pixels_are_put_on_white(data: bytes) -> None:
    assert_close(decode_image(data, "photo").pixels, ON_WHITE, 1)


def test_premultiplied_colours_are_not_multiplied_again() -> None:
    multiplied = np.dstack([np.rint(CAT * (ALPHA[..., None] / 255)).astype(np.uint8), ALPHA])
    data = encode(multiplied, "TIFF")
    extra_samples = struct.pack("<HHIHH", 338, 3, 1, 2, 0)
    assert data.count(extra_samples) == 1
    associated = data.replace(extra_samples, struct.pack("<HHIHH", 338, 3, 1, 1, 0))
    assert_close(decode_image(associated, "photo").pixels, ON_WHITE, 1)


@pytest.mark.parametrize(
    ("data", "transparent"),
    [
        pytest.param(encode(PALETTE, "PNG", transparency=PALETTE.getpixel((0, 0))), (0, 0), id="png-palette"),
        pytest.param(encode(CAT, "PNG", transparency=tuple(map(int, CAT[0, 0]))), (0, 0), id="png-colour"),
        pytest.param(encode(GRAY, "PNG", transparency=int(GRAY[0, 0])), (0, 0), id="png-gray"),
        pytest.param(encode(PALETTE, "GIF", transparency=PALETTE.getpixel((0, 0))), (0, 0), id="gif"),
    ],
)
def test_a_colour_that_stands_for_transparent_becomes_white(data: bytes, transparent: tuple[int, int]) -> None:
    pixels = decode_image(data, "photo").pixels
    assert pixels[transparent].tolist() == [255, 255, 255]
    assert (pixels != 255).any(axis=2).mean() > 0.5


@pytest.mark.parametrize(("depth", "row", "transparent"), [(2, 0b00011011, 2), (16, 0, 0)], ids=["2-bit", "16-bit"])
def test_transparent_gray_of_other_depths(depth: int, row: int, transparent: int) -> None:
    width = 4
    values = [0, 1, 2, 3] if depth == 2 else [300, 301, 302, 303]
    packed = bytes([row]) if depth == 2 else struct.pack(">4H", *values)
    data = png(width, 1, depth, 0, b"\0" + packed, png_chunk(b"tRNS", struct.pack(">H", values[transparent])))
    gray = decode_image(data, "photo").pixels[0, :, 0].tolist()
    expected = [0, 85, 170, 255] if depth == 2 else [1, 1, 1, 1]
    assert gray == [255 if index == transparent else value for index, value in enumerate(expected)]


def test_only_the_first_frame_of_an_animation_is_decoded() -> None:
    other = Image.fromarray(255 - CAT)
    for name in ("GIF", "WEBP"):
        data = encode(
            Image.fromarray(CAT),
            name,
            save_all=True,
            append_images=[other],
            **({} if name == "GIF" else {"lossless": True}),
        )
        assert np.abs(decode_image(data, "photo").pixels.astype(int) - CAT).mean() < 8


def test_only_the_first_page_of_a_tiff_is_decoded() -> None:
    data = encode(Image.fromarray(CAT), "TIFF", save_all=True, append_images=[Image.fromarray(255 - CAT)])
    assert_close(decode_image(data, "photo").pixels, CAT, 0)


def test_a_bmp_of_the_old_kind_and_one_from_top_to_bottom() -> None:
    rows = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    padded = b"".join(bytes(row[:, ::-1].tobytes()) + b"\0" * 3 for row in rows)
    old = b"BM" + struct.pack("<IHHI", 26 + len(padded), 0, 0, 26) + struct.pack("<IHHHH", 12, 3, 2, 1, 24)
    assert_close(decode_image(old + padded, "old").pixels, rows[::-1], 0)
    header = struct.pack("<IiiHHIIiiII", 40, 3, -2, 1, 24, 0, len(padded), 0, 0, 0, 0)
    assert_close(
        decode_image(b"BM" + struct.pack("<IHHI", 54 + len(padded), 0, 0, 54) + header + padded, "new").pixels, rows, 0
    )


TURNED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),  # counter-clockwise, to be turned clockwise
    7: lambda upright: np.rot90(upright, 2).transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("kind", ["jpeg", "jpeg-big-endian", "png", "png-alpha", "webp", "webp-alpha", "tiff"])
def test_exif_orientation_is_applied(orientation: int, kind: str) -> None:
    stored = np.ascontiguousarray(TURNED[orientation](RGBA if kind.endswith("alpha") else CAT))
    if kind.startswith("jpeg"):
        order = ">" if kind.endswith("endian") else "<"
        data = with_orientation(encode(stored, "JPEG", quality=95), orientation, order)
    elif kind.startswith("png"):
        data = with_png_chunk(encode(stored, "PNG"), b"eXIf", exif(orientation))
    else:
        tag = Image.Exif()
        tag[0x0112] = orientation
        data = encode(stored, kind.split("-")[0].upper(), exif=tag, **({"lossless": True} if "webp" in kind else {}))
    pixels = decode_image(data, "photo").pixels
    expected = ON_WHITE if kind.endswith("alpha") else CAT
    assert pixels.shape == expected.shape
    assert pixels.flags.c_contiguous
    assert np.abs(pixels.astype(int) - expected).mean() < 4


def test_orientation_of_a_jpeg_is_the_one_that_opencv_applies() -> None:
    for orientation in TURNED:
        data = with_orientation(encode(CAT, "JPEG"), orientation)
        expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
        assert_close(decode_image(data, "photo").pixels, expected, 0)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"Exif\0\0", id="empty"),
        pytest.param(b"Exif\0\0XX*\0" + exif(6)[4:], id="no-byte-order"),
        pytest.param(b"Exif\0\0" + exif(9), id="out-of-range"),
        pytest.param(b"Exif\0\0" + exif(6)[:12], id="cut"),
        pytest.param(b"Exif\0\0II*\0\xff\xff\xff\xff", id="directory-outside"),
        pytest.param(b"http://ns.adobe.com/xap/1.0/\0<x/>", id="xmp"),
    ],
)
def test_malformed_exif_leaves_an_image_as_it_is(data: bytes) -> None:
    jpeg = encode(CAT, "JPEG")
    assert_close(decode_image(with_segment(jpeg, 0xE1, data), "photo").pixels, decode_image(jpeg, "photo").pixels, 0)


def test_exif_is_found_behind_another_application_segment() -> None:
    jpeg = with_segment(with_orientation(encode(CAT, "JPEG"), 6), 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>")
    assert decode_image(jpeg, "photo").pixels.shape == (80, 60, 3)
