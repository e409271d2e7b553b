"""Damage that decoders keep to themselves is told by what surrounds it."""

from __future__ import annotations

import struct

import measure_damage
import numpy as np
import pytest
from image_files import encode, jpeg_segment, photo, png, png_chunk, with_png_chunk
from PIL import Image
from tiff_files import LZW, PACKBITS, Tiff

from cnnkit.errors import ImageError
from cnnkit.images import decode_image

CAT = photo(200, 300)


def told(data: bytes) -> str | None:
    """Returns what is said of a file: the reason why there is no picture, or the damage."""
    try:
        return decode_image(data, "photo").damage
    except ImageError as error:
        return error.reason


@pytest.mark.parametrize(
    ("name", "most"),
    [("TIFF, packed", 4), ("WebP", 8), ("PNG", 0), ("GIF", 2), ("JPEG", 9)],
    ids=["tiff", "webp", "png", "gif", "jpeg"],
)
def test_random_damage_is_rarely_silent(name: str, most: int) -> None:
    result = measure_damage.measure(name, 90, seed=3)
    assert result["silent"] <= most, result


def zeroed(data: bytes, start: int, end: int | None = None) -> bytes:
    end = len(data) if end is None else end
    return data[:start] + bytes(end - start) + data[end:]


BMP, TIFF, WEBP = encode(CAT, "BMP"), encode(CAT, "TIFF"), encode(CAT, "WEBP", quality=90)
LOSSLESS = encode(CAT, "WEBP", lossless=True)
JPEG, PROGRESSIVE = encode(CAT, "JPEG", quality=95), encode(CAT, "JPEG", quality=95, progressive=True)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(
            zeroed(BMP, 100_000),
            f"damaged BMP: {len(BMP) - 100_000:,} bytes are zeros, from byte 100,000 on",
            id="bmp-tail",
        ),
        pytest.param(
            zeroed(BMP, 40960, 45056), "damaged BMP: 4,096 bytes are zeros, from byte 40,960 on", id="bmp-page"
        ),
        pytest.param(zeroed(TIFF, 100_001), "damaged TIFF: ", id="tiff-tail"),
        pytest.param(zeroed(TIFF, 40960, 49152), "damaged TIFF: 8,192 bytes are zeros", id="tiff-pages"),
        pytest.param(zeroed(WEBP, len(WEBP) // 2), "WebP: its pic", id="webp-tail"),
        pytest.param(zeroed(WEBP, len(WEBP) // 2, len(WEBP) // 2 + 512), "WebP: its pic", id="webp-sector"),
        pytest.param(zeroed(LOSSLESS, len(LOSSLESS) // 2), "WebP: its pic", id="webp-lossless-tail"),
        pytest.param(zeroed(JPEG, 20_000, 20_064), "damaged JPEG: ", id="jpeg-zeros"),
    ],
)
def test_zeros_where_pixels_should_be(data: bytes, expected: str) -> None:
    assert expected in (told(data) or "")


@pytest.mark.parametrize("name", ["BMP", "TIFF", "JPEG", "WEBP", "PNG", "GIF"])
@pytest.mark.parametrize("picture", ["black", "border", "sky", "circle", "flat", "line", "frame", "triangle"])
def test_black_parts_of_a_picture_are_no_damage(name: str, picture: str) -> None:
    pixels = (
        np.zeros_like(CAT) if picture == "black" else np.full_like(CAT, 130) if picture == "flat" else CAT.copy() | 1
    )
    rows, columns = np.mgrid[: CAT.shape[0], : CAT.shape[1]]
    where = {
        "border": (rows > 150) | (columns < 30),
        "sky": rows < 70 + columns // 9,
        "circle": (rows - 100) ** 2 + (columns - 150) ** 2 > 90**2,
        "frame": (rows < 20) | (rows >= 180) | (columns < 9) | (columns >= 291),
        "triangle": np.abs(columns - 150) > 150 - rows,
        "line": (rows == 50) & (columns > 20) & (columns < 280),
    }
    pixels[where.get(picture, np.zeros_like(rows, dtype=bool))] = 0
    options = {"optimize": True} if name == "JPEG" else {}
    assert told(encode(pixels, name, **options)) is None


def test_a_flat_jpeg_may_be_nothing_but_zeros() -> None:
    data = encode(np.full((800, 800), 128, np.uint8), "JPEG", optimize=True)
    assert bytes(64) in data or b"\xff" in data
    assert told(data) is None


def without_last_scan(data: bytes) -> bytes:
    return data[: data.rfind(b"\xff\xda")] + data[-2:]


def test_a_progressive_jpeg_that_lacks_scans_though_it_has_its_end() -> None:
    assert told(PROGRESSIVE) is None
    assert told(without_last_scan(PROGRESSIVE)) == "damaged JPEG: scans are missing"


def test_bytes_between_the_segments_in_front_of_the_pixels_are_no_damage() -> None:
    at = JPEG.index(b"\xff\xdb")
    assert told(JPEG[:at] + b"\0\1\2" + JPEG[at:]) is None
    frame = JPEG.index(b"\xff\xc0")
    assert told(JPEG[:frame] + b"more" + JPEG[frame:]) is None


def test_zeros_behind_the_end_of_a_jpeg_are_none_of_its_picture() -> None:
    assert told(JPEG + bytes(2000) + b"more") is None


@pytest.mark.parametrize("packing", [LZW, PACKBITS, 8], ids=["lzw", "packbits", "deflate"])
def test_a_strip_that_gives_too_little_or_too_much_is_named(packing: int) -> None:
    good = Tiff(CAT, compression=packing, rows=20)
    assert told(good.write()) is None
    for stored in (CAT[:190], np.vstack([CAT, CAT[:10]])):
        data = bytearray(Tiff(stored, compression=packing, rows=200 if len(stored) < 200 else 210).write())
        at = data.rindex(struct.pack("<HHII", 257, 4, 1, len(stored)))
        data[at + 8 : at + 12] = struct.pack("<I", 200)
        at = data.rindex(struct.pack("<HHI", 278, 4, 1))
        data[at + 8 : at + 12] = struct.pack("<I", 200)
        assert told(bytes(data)) == "corrupt TIFF: strip 1 of 1 does not hold the pixels it should"


def test_the_last_strip_may_be_filled_up() -> None:
    full = Tiff(np.vstack([CAT, CAT[:10]]), compression=LZW, rows=30)
    data = bytearray(full.write())
    at = data.rindex(struct.pack("<HHII", 257, 4, 1, 210))
    data[at + 8 : at + 12] = struct.pack("<I", 200)
    assert (decode_image(bytes(data), "photo").pixels == CAT).all()


def test_a_damaged_fax_is_told_by_what_libtiff_says(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(encode(Image.fromarray(CAT).convert("1"), "TIFF", compression="group4"))
    assert told(bytes(data)) is None
    data[2000] ^= 16
    said = told(bytes(data)) or ""
    assert said.startswith("damaged TIFF: Fax4Decode: ")
    assert " more" in said
    assert capfd.readouterr().err == ""


def test_fields_that_libtiff_does_not_know_are_no_damage(capfd: pytest.CaptureFixture[str]) -> None:
    data = encode(Image.fromarray(CAT).convert("1"), "TIFF", compression="group4", tiffinfo={40_000: "of a map"})
    assert told(data) is None
    assert capfd.readouterr().err == ""


def test_a_directory_behind_the_first_that_cannot_be_read_is_no_damage(capfd: pytest.CaptureFixture[str]) -> None:
    data = encode(Image.fromarray(CAT).convert("1"), "TIFF", compression="group4")
    at = int.from_bytes(data[4:8], "little")
    end = at + 2 + 12 * int.from_bytes(data[at : at + 2], "little")
    assert data[end : end + 4] == bytes(4)
    assert told(data[:end] + b"\xff\xff\xff\x7f" + data[end + 4 :]) is None
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("shape", [(200, 300), (256, 300), (200, 256)], ids=["both", "right", "below"])
def test_zeros_that_fill_tiles_up_are_no_damage(shape: tuple[int, int]) -> None:
    padded = np.zeros((256, 512, 3), np.uint8)
    padded[: shape[0], : shape[1]] = photo(*shape) | 1
    stored = padded[:, : 256 * -(-shape[1] // 256)]
    assert told(Tiff(stored, tile=256, tags={256: (4, [shape[1]]), 257: (4, [shape[0]])}).write()) is None


def test_a_fax_without_its_kind_of_colours_is_refused_and_nothing_else_is_said(
    capfd: pytest.CaptureFixture[str],
) -> None:
    data = encode(Image.fromarray(CAT).convert("1"), "TIFF", compression="group4")
    assert data.count(struct.pack("<HHI", 262, 3, 1)) == 1
    data = data.replace(struct.pack("<HHI", 262, 3, 1), struct.pack("<HHI", 261, 3, 1))
    assert told(data) == "corrupt TIFF: its pixels cannot be decoded"
    assert capfd.readouterr().err == ""


PNG = encode(CAT, "PNG")


@pytest.mark.parametrize("missing", range(1, 13))
def test_a_png_that_lacks_its_end_alone_is_whole(missing: int) -> None:
    image = decode_image(PNG[:-missing], "photo")
    assert (image.pixels == CAT).all()
    assert (image.warnings, image.damage) == (("PNG lacks its end",), None)


def test_a_png_that_lacks_its_end_and_some_of_its_pixels_is_cut() -> None:
    import zlib

    packed = zlib.compress(b"\0" + bytes(30))
    data = png(10, 10, 8, 2, b"")[:33] + png_chunk(b"IDAT", packed)
    assert told(data) == f"truncated PNG: data ends after {len(data)} bytes"


def test_an_animation_of_no_frames_is_its_picture() -> None:
    data = with_png_chunk(PNG, b"acTL", struct.pack(">II", 0, 0))
    assert (decode_image(data, "photo").pixels == CAT).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_12_bit_values_in_16_bits_are_told(kind: str) -> None:
    dark = CAT[..., 0].astype(np.uint16) << 4
    data = encode(dark, "PNG") if kind == "PNG" else Tiff(dark[..., None], photometric=1, bits=16).write()
    assert decode_image(data, "photo").warnings == (
        "its 16-bit values use their lower 12 bits alone, so the picture is nearly black",
    )


def test_a_tiff_that_says_its_largest_value_is_brought_to_full_brightness() -> None:
    dark = CAT.astype(np.uint16) << 4
    data = Tiff(dark, bits=16, tags={281: (3, [4095] * 3)}).write()
    assert np.abs(decode_image(data, "photo").pixels.astype(int) - CAT).max() <= 1


def test_what_stands_behind_the_pixels_of_a_jpeg_in_a_segment_is_not_searched() -> None:
    assert told(JPEG[:2] + jpeg_segment(0xE5, bytes(5000)) + JPEG[2:]) is None
