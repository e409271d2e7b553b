from __future__ import annotations

import struct
import tracemalloc

import cv2
import numpy as np
import pytest
from image_files import JPEG_END, encode, jpeg_segment, photo, png, png_chunk
from tiff_files import DEFLATE, Tiff

from cnnkit.errors import ImageError
from cnnkit.images import DEFAULT_MAX_PIXELS, decode_image

CAT = photo()
EXPECTED = "expected JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP, GIF or JPEG 2000"
PNG = encode(CAT, "PNG")
JPEG = encode(CAT, "JPEG")
GIF = encode(CAT, "GIF")
WEBP = encode(CAT, "WEBP")
BMP = encode(CAT, "BMP")
TIFF = encode(CAT, "TIFF")
AVIF = encode(CAT, "AVIF")
JPEG_2000 = encode(CAT, "JPEG2000")
TIFF_LZW = encode(CAT, "TIFF", compression="tiff_lzw")


def reason(data: bytes, **options: int) -> str:
    with pytest.raises(ImageError) as caught:
        decode_image(data, "photo", **options)
    assert str(caught.value) == f"photo: {caught.value.reason}"
    return caught.value.reason


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"", "empty file", id="empty"),
        pytest.param(b"hello, world\n", f"not an image: {EXPECTED}", id="text"),
        pytest.param(b"\0" * 100, f"not an image: {EXPECTED}", id="zeros"),
        pytest.param(b"\x89PN", f"not an image: {EXPECTED}", id="three-bytes"),
        pytest.param(b"\0\0\0\x18ftypheic" + b"\0" * 20, "corrupt HEIC: its meta box is missing", id="heic"),
        pytest.param(AVIF[:30], "truncated AVIF: data ends after 30 bytes", id="avif-boxes-cut"),
        pytest.param(AVIF[:900], "truncated AVIF: data ends after 900 bytes", id="avif-cut"),
        pytest.param(
            JPEG_2000[:-40], f"truncated JPEG 2000: data ends after {len(JPEG_2000) - 40:,} bytes", id="jp2-cut"
        ),
        pytest.param(b"\xff\x0a" + bytes(30), f"unsupported format: JPEG XL, {EXPECTED}", id="jxl"),
        pytest.param(b"8BPS" + bytes(30), f"unsupported format: PSD of Photoshop, {EXPECTED}", id="psd"),
        pytest.param(b"<?xml version='1.0'?>\n<svg />", f"unsupported format: SVG, a drawing, {EXPECTED}", id="svg"),
        pytest.param(b"\0\0\1\0\1\0", f"unsupported format: ICO, an icon, {EXPECTED}", id="ico"),
        pytest.param(
            b"\0\0\0\x18ftypcrx " + bytes(20), f"unsupported format: CR3, a camera's raw file, {EXPECTED}", id="cr3"
        ),
        pytest.param(b"RIFF\0\0\0\0WAVE", f"not an image: {EXPECTED}", id="sound"),
        # PNG
        pytest.param(PNG[:8], "truncated PNG: data ends after 8 bytes", id="png-signature"),
        pytest.param(PNG[:1204], "truncated PNG: data ends after 1,204 bytes", id="png-cut"),
        pytest.param(PNG[:-13], f"truncated PNG: data ends after {len(PNG) - 13:,} bytes", id="png-without-checksum"),
        pytest.param(flipped(PNG, 3000), "corrupt PNG: its IDAT chunk fails its checksum", id="png-flipped"),
        pytest.param(flipped(PNG, 24), "corrupt PNG: its IHDR chunk fails its checksum", id="png-header-flipped"),
        pytest.param(PNG[:8] + PNG[33:], "corrupt PNG: its header chunk is missing", id="png-without-header"),
        pytest.param(PNG[:33] + png_chunk(b"IEND", b""), "corrupt PNG: it holds no pixels", id="png-without-pixels"),
        pytest.param(png(0, 8, 8, 0, b""), "corrupt PNG: 0 x 8 pixels", id="png-without-width"),
        # GIF
        pytest.param(GIF[:6], "truncated GIF: data ends after 6 bytes", id="gif-signature"),
        pytest.param(GIF[:1204], "truncated GIF: data ends after 1,204 bytes", id="gif-cut"),
        pytest.param(
            GIF[: len(GIF) - 2], f"truncated GIF: data ends after {len(GIF) - 2:,} bytes", id="gif-frame-open"
        ),
        pytest.param(b"GIF89a\1\0\1\0\0\0\0;", "corrupt GIF: it holds no frame", id="gif-without-frame"),
        pytest.param(b"GIF89a\1\0\1\0\0\0\0?", "corrupt GIF: unknown block at byte 13", id="gif-unknown-block"),
        # WebP
        pytest.param(WEBP[:12], "truncated WebP: data ends after 12 bytes", id="webp-signature"),
        pytest.param(WEBP[:100], "truncated WebP: data ends after 100 bytes", id="webp-cut"),
        pytest.param(WEBP[:-1], f"truncated WebP: data ends after {len(WEBP) - 1:,} bytes", id="webp-lacks-a-byte"),
        pytest.param(
            WEBP[:12] + b"ABCD" + WEBP[16:], "corrupt WebP: its first chunk is none that WebP knows", id="webp-chunk"
        ),
        pytest.param(flipped(WEBP, 23), "corrupt WebP: its pixels cannot be decoded", id="webp-flipped"),
        # BMP
        pytest.param(BMP[:10], "truncated BMP: data ends after 10 bytes", id="bmp-signature"),
        pytest.param(BMP[:1204], "truncated BMP: data ends after 1,204 bytes", id="bmp-cut"),
        pytest.param(BMP[:-1], f"truncated BMP: data ends after {len(BMP) - 1:,} bytes", id="bmp-lacks-a-byte"),
        pytest.param(
            BMP[:14] + b"\x07" + BMP[15:],
            "corrupt BMP: its header has 7 bytes, expected 12, 16 or at least 40",
            id="bmp-header",
        ),
        # TIFF
        pytest.param(TIFF[:6], "truncated TIFF: data ends after 6 bytes", id="tiff-signature"),
        pytest.param(TIFF[:1204], "truncated TIFF: data ends after 1,204 bytes", id="tiff-cut"),
        pytest.param(TIFF[:-1], f"truncated TIFF: data ends after {len(TIFF) - 1:,} bytes", id="tiff-lacks-a-byte"),
        pytest.param(
            TIFF_LZW[:-40], f"truncated TIFF: data ends after {len(TIFF_LZW) - 40:,} bytes", id="tiff-directory-at-end"
        ),
        pytest.param(b"II*\0\x08\0\0\0\0\0\0\0\0\0", "corrupt TIFF: it does not say its size", id="tiff-without-size"),
        pytest.param(
            encode(CAT[..., 0].astype(np.float32), "TIFF"),
            "unsupported pixel type: 32-bit float TIFF, expected whole numbers of 1, 2, 4, 8 or 16 bits",
            id="tiff-float",
        ),
        pytest.param(
            encode(CAT[..., 0].astype(np.int32), "TIFF"),
            "unsupported pixel type: 32-bit signed TIFF, expected whole numbers of 1, 2, 4, 8 or 16 bits",
            id="tiff-32-bit",
        ),
        *(
            pytest.param(
                Tiff(CAT.astype(np.uint16), tags={339: (3, [2])}, bits=bits).write(),
                f"unsupported pixel type: {bits}-bit signed TIFF, expected whole numbers of 1, 2, 4, 8 or 16 bits",
                id=f"tiff-signed-{bits}",
            )
            for bits in (8, 16)
        ),
        pytest.param(
            Tiff(CAT, tags={258: (3, [12, 12, 12])}).write(),
            "unsupported pixel type: 12-bit TIFF, expected whole numbers of 1, 2, 4, 8 or 16 bits",
            id="tiff-12-bit",
        ),
        pytest.param(
            Tiff(np.dstack([CAT, CAT[..., :2]])).write(),
            "unsupported pixel type: TIFF of 5 samples a pixel, expected up to 4",
            id="tiff-5-samples",
        ),
        pytest.param(
            Tiff(CAT, tags={50706: (1, [1, 4, 0, 0])}).write(),
            "unsupported format: DNG, a camera's raw file, expected a picture made of it",
            id="dng",
        ),
        pytest.param(
            Tiff(CAT, tags={254: (4, [1]), 330: (4, [8])}).write(),
            "unsupported format: a camera's raw file, expected a picture made of it",
            id="nef",
        ),
        pytest.param(
            Tiff(CAT[..., :1], photometric=32803).write(),
            "unsupported colours: raw camera pixels (CFA), expected RGB or gray",
            id="tiff-cfa",
        ),
        pytest.param(
            encode(CAT, "TIFF", compression="lzma"),
            "unsupported compression: TIFF scheme 34925, expected none, LZW, Deflate, PackBits, JPEG or CCITT",
            id="tiff-lzma",
        ),
        # JPEG; more of it in test_images_jpeg.py
        pytest.param(JPEG[:2], "truncated JPEG: data ends after 2 bytes", id="jpeg-signature"),
        pytest.param(JPEG[:100], "truncated JPEG: data ends after 100 bytes", id="jpeg-header-cut"),
        pytest.param(JPEG[:1000], "truncated JPEG: data ends after 1,000 bytes", id="jpeg-cut"),
        pytest.param(b"\xff\xd8" + JPEG_END, "corrupt JPEG: it holds no picture", id="jpeg-empty"),
        pytest.param(
            b"\xff\xd8" + jpeg_segment(0xDA, b"\1\1\0\0\x3f\0") + JPEG_END,
            "corrupt JPEG: it does not say its size",
            id="jpeg-without-frame",
        ),
        pytest.param(
            b"\xff\xd8" + jpeg_segment(0xC1, b"\x0c\0\x08\0\x08\1\1\x11\0"),
            "unsupported pixel type: 12-bit JPEG, expected 8 bits",
            id="jpeg-12-bit",
        ),
        pytest.param(
            b"\xff\xd8"
            + jpeg_segment(0xC0, b"\x08\0\x08\0\x08\1\1\x11\0")
            + jpeg_segment(0xDA, b"\1\1\0\0\x3f\0")
            + JPEG_END,
            "corrupt JPEG: its pixels cannot be decoded",
            id="jpeg-without-tables",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(data: bytes, expected: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert reason(data) == expected
    assert capfd.readouterr() == ("", "")  # nothing from the codecs


def test_a_png_with_too_few_rows() -> None:
    assert reason(png(8, 8, 8, 0, b"\0" * 9)) == "corrupt PNG: its pixels cannot be decoded"


def test_an_error_of_opencv_is_one_of_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise cv2.error("out of memory")

    monkeypatch.setattr(cv2, "imdecode", fail)
    assert reason(PNG) == "corrupt PNG: its pixels cannot be decoded"


def huge(kind: str, width: int, height: int) -> bytes:
    """A header that announces a picture, without one."""
    if kind == "png":
        return png(width, height, 8, 2, b"")
    if kind == "gif":
        return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0," + struct.pack("<HHHHB", 0, 0, 1, 1, 0)
    if kind == "bmp":
        return b"BM" + struct.pack("<IHHIIii", 0, 0, 0, 54, 40, width, height) + b"\0" * 28
    if kind == "jpeg":
        return b"\xff\xd8" + jpeg_segment(0xC0, struct.pack(">BHHB", 8, height, width, 3) + bytes(9))
    if kind == "webp":
        extended = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        return b"RIFF\x16\0\0\0WEBPVP8X" + struct.pack("<I", 10) + extended
    entries = struct.pack("<HHII", 256, 4, 1, width) + struct.pack("<HHII", 257, 4, 1, height)
    return b"II*\0" + struct.pack("<IH", 8, 2) + entries + bytes(4)


@pytest.mark.parametrize(
    ("kind", "side"),
    [("png", 100_000), ("gif", 60_000), ("bmp", 100_000), ("jpeg", 60_000), ("webp", 100_000), ("tiff", 100_000)],
)
def test_the_size_is_compared_with_the_limit_before_anything_else(kind: str, side: int) -> None:
    expected = f"{side:,} x {side:,} pixels, more than the limit of 178,956,970 (--max-pixels)"
    assert reason(huge(kind, side, side)) == expected


def test_parts_that_are_larger_than_the_picture_are_not_decoded() -> None:
    at = GIF.index(b"," + bytes(4))
    frame = GIF[: at + 5] + struct.pack("<HH", 60_000, 60_000) + GIF[at + 9 :]
    assert reason(frame) == "60,000 x 60,000 pixels, more than the limit of 178,956,970 (--max-pixels)"
    tiff = encode(CAT, "TIFF", compression="jpeg")
    size = struct.pack(">BHH", 8, *CAT.shape[:2])
    assert tiff.count(size) == 1
    large = tiff.replace(size, struct.pack(">BHH", 8, 60_000, 60_000))
    assert reason(large) == "corrupt TIFF: strip 1 of 1 does not hold the pixels it should"
    tags = {322: (4, [60_000]), 323: (4, [60_000])}
    for tile in (Tiff(CAT, tile=96, compression=DEFLATE, tags=tags), Tiff(CAT, tile=96, tags=tags)):
        assert reason(tile.write()) == "corrupt TIFF: its pieces have 60,000 x 60,000 pixels"


@pytest.mark.parametrize("side", [1, 2])
def test_tiles_that_are_told_and_not_there_take_no_memory(side: int) -> None:
    tags = {256: (4, [13_000]), 257: (4, [13_000]), 322: (4, [side]), 323: (4, [side]), 325: (4, [])}
    data = Tiff(CAT, tile=96, tags=tags).write()
    tracemalloc.start()
    try:
        assert reason(data) == f"corrupt TIFF: it holds 1 of {(13_000 // side) ** 2:,} pieces"
        assert tracemalloc.get_traced_memory()[1] < 10**6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "data",
    [PNG, JPEG, GIF, WEBP, encode(CAT, "WEBP", lossless=True), BMP, TIFF],
    ids=["png", "jpeg", "gif", "webp", "webp-lossless", "bmp", "tiff"],
)
def test_the_limit_itself_is_allowed(data: bytes) -> None:
    height, width = CAT.shape[:2]
    assert decode_image(data, "photo", max_pixels=height * width).pixels.shape == CAT.shape
    assert reason(data, max_pixels=4799) == "80 x 60 pixels, more than the limit of 4,799 (--max-pixels)"


@pytest.mark.parametrize(("width", "height"), [(2**20 + 1, 10), (2**16, 2**15)], ids=["side", "area"])
def test_a_raised_limit_ends_at_that_of_opencv(width: int, height: int) -> None:
    assert reason(huge("png", width, height), max_pixels=2**40) == (
        f"{width:,} x {height:,} pixels, more than OpenCV decodes (2^20 a side, 2^30 in all)"
    )


def test_the_default_limit_is_that_of_pillow() -> None:
    from PIL import Image

    assert Image.MAX_IMAGE_PIXELS is not None
    assert DEFAULT_MAX_PIXELS == 2 * Image.MAX_IMAGE_PIXELS
