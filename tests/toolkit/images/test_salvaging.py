from __future__ import annotations

import numpy as np
import pytest
from image_files import Pixels, encode, exif, photo, png_chunk, with_orientation, with_png_chunk
from PIL import Image
from tiff_files import DEFLATE, JPEG, LZW, PACKBITS, Tiff

from cnnkit.errors import ImageError
from cnnkit.images import DecodedImage, decode_image, salvage_image

CAT = photo(64, 96)
INTERLACED = encode(Image.fromarray(CAT).quantize(200), "PNG")


def salvaged(data: bytes) -> DecodedImage:
    with pytest.raises(ImageError) as refused:
        decode_image(data, "photo")
    return salvage_image(data, "photo", refused.value)


def differing_rows(pixels: Pixels, whole: Pixels, within: int = 0) -> list[int]:
    assert pixels.shape == whole.shape
    return np.flatnonzero(np.abs(pixels.astype(int) - whole).max(axis=(1, 2)) > within).tolist()


def cut(data: bytes, part: float = 0.6) -> bytes:
    return data[: int(len(data) * part)]


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        pytest.param(encode(CAT, "JPEG", quality=95), 24, id="jpeg"),
        pytest.param(encode(CAT, "PNG"), 30, id="png"),
        pytest.param(encode(np.dstack([CAT, CAT[..., :1] | 3]), "PNG"), 25, id="png-alpha"),
        pytest.param(INTERLACED, 16, id="png-palette"),
        pytest.param(encode(CAT, "WEBP", quality=90), 24, id="webp"),
        pytest.param(Tiff(CAT, rows=4).write(), 24, id="tiff-plain"),
        pytest.param(Tiff(CAT, rows=4, compression=DEFLATE).write(), 0, id="tiff-without-directory"),
    ],
)
def test_a_cut_file_gives_its_beginning(data: bytes, kept: int) -> None:
    whole = decode_image(data, "photo").pixels
    if kept == 0:  # a TIFF's directory stands at its end
        with pytest.raises(ImageError, match=r"truncated TIFF: .*; nothing of it can be used"):
            salvaged(cut(data))
        return
    image = salvaged(cut(data)) if data[:2] != b"II" else salvaged(with_far_pixels(data))
    assert image.warnings == ()
    assert image.damage is not None
    assert image.damage.startswith("truncated ")
    assert image.damage.endswith("; what is missing was filled up")
    lost = differing_rows(image.pixels, whole, 40)
    assert lost
    assert min(lost) >= kept


def with_far_pixels(data: bytes) -> bytes:
    """A TIFF whose directory stands in front of its pixels, of which the last are cut off."""
    plain = encode(decode_image(data, "photo").pixels, "TIFF")
    assert int.from_bytes(plain[4:8], "little") == 8
    return plain[:-8000]


def test_rows_of_a_bmp_that_are_missing_are_black() -> None:
    data = encode(CAT, "BMP")
    image = salvaged(data[: -10 * CAT.shape[1] * 3])
    assert (image.pixels[10:] == CAT[10:]).all()  # a BMP begins with its last row
    assert (image.pixels[:10] == 0).all()


@pytest.mark.parametrize("packing", [LZW, DEFLATE, PACKBITS, JPEG], ids=["lzw", "deflate", "packbits", "jpeg"])
@pytest.mark.parametrize("tile", [0, 16], ids=["strips", "tiles"])
def test_pieces_of_a_tiff_that_are_whole_are_used(packing: int, tile: int) -> None:
    good = Tiff(CAT, rows=16, tile=tile, compression=packing, photometric=6 if packing == JPEG else 2)
    data = bytearray(good.write())
    starts = decode_image(bytes(data), "photo")
    data[8:40] = b"\x99" * 32  # in the first piece
    image = salvaged(bytes(data))
    lost = np.zeros(CAT.shape[:2], bool)
    lost[:16, : tile or CAT.shape[1]] = True
    assert (image.pixels[~lost] == starts.pixels[~lost]).all()
    assert (image.pixels[lost] == 0).all()
    assert image.damage is not None
    assert image.damage.startswith("corrupt ")


def test_a_tiff_of_which_every_piece_is_lost_is_refused() -> None:
    data = bytearray(Tiff(CAT, compression=DEFLATE).write())
    data[8:40] = b"\x99" * 32
    with pytest.raises(ImageError, match=r"corrupt TIFF: strip 1 of 1 .*; nothing of it can be used"):
        salvaged(bytes(data))


def test_a_png_whose_checksum_is_wrong_gives_what_comes_before() -> None:
    data = bytearray(encode(CAT, "PNG", compress_level=1))
    data[-60] ^= 8
    image = salvaged(bytes(data))
    assert min(differing_rows(image.pixels, CAT), default=99) > 50
    assert image.damage == "corrupt PNG: its IDAT chunk fails its checksum; what is missing was filled up"


@pytest.mark.parametrize("orientation", [1, 6, 8])
def test_what_is_left_is_turned_upright(orientation: int) -> None:
    jpeg = with_orientation(encode(CAT, "JPEG", quality=95), orientation)
    whole = decode_image(jpeg, "photo").pixels
    assert salvaged(cut(jpeg, 0.9)).pixels.shape == whole.shape
    data = with_png_chunk(encode(CAT, "PNG"), b"eXIf", exif(orientation))
    assert salvaged(cut(data, 0.9)).pixels.shape == whole.shape


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encode(CAT, "JPEG")[:300], id="jpeg-without-scan"),
        pytest.param(encode(CAT, "PNG")[:60], id="png-without-pixels"),
        pytest.param(encode(CAT, "PNG")[:20], id="png-without-header"),
        pytest.param(encode(CAT, "AVIF")[:-200], id="avif"),
        pytest.param(encode(CAT, "BMP")[:30], id="bmp-without-header"),
        pytest.param(png_chunk(b"IDAT", b"") * 3, id="no-image"),
    ],
)
def test_nothing_may_be_left(data: bytes) -> None:
    with pytest.raises(ImageError, match=r"nothing of it can be used$|not an image"):
        salvaged(data)


def test_what_is_refused_for_its_size_stays_refused() -> None:
    data = encode(CAT, "PNG")[:-500]
    with pytest.raises(ImageError, match="truncated") as refused:
        decode_image(data, "photo")
    with pytest.raises(ImageError, match=r"truncated PNG: .* nothing of it can be used"):
        salvage_image(data, "photo", refused.value, max_pixels=100)
