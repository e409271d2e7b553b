"""Files that are sound and rare are refused with what they are, and never called corrupt."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from image_files import encode, photo
from PIL import Image
from tiff_files import JPEG, Tiff

from cnnkit.errors import ImageError
from cnnkit.images import decode_image

CAT = photo(29, 43)
CAT_AND_ALPHA = np.dstack([CAT, CAT[..., :1]])
J2K, GRAY_J2K = encode(CAT, "JPEG2000", no_jp2=True), encode(CAT[..., 0], "JPEG2000")
BASELINE = encode(CAT, "JPEG")


def sized(data: bytes, at: int, value: bytes) -> bytes:
    """Changes bytes of the header of a JPEG 2000 code stream."""
    start = data.index(b"\xff\x4f\xff\x51") + at
    return data[:start] + value + data[start + len(value) :]


def with_frame(marker: int) -> bytes:
    return BASELINE.replace(b"\xff\xc0\0\x11\x08", bytes([0xFF, marker]) + b"\0\x11\x08")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(sized(GRAY_J2K, 42, b"\0"), "pixel type: JPEG 2000 of 1 bit a sample", id="j2k-1-bit"),
        pytest.param(sized(GRAY_J2K, 42, b"\4"), "pixel type: JPEG 2000 of 5 bits a sample", id="j2k-5-bit"),
        pytest.param(sized(GRAY_J2K, 42, b"\x13"), "pixel type: JPEG 2000 of 20 bits a sample", id="j2k-20-bit"),
        pytest.param(sized(GRAY_J2K, 42, b"\x87"), "pixel type: JPEG 2000 of signed numbers", id="j2k-signed"),
        pytest.param(
            sized(J2K, 42, b"\4\1\1\5\1\1\4"), "pixel type: JPEG 2000 whose samples have 5 and 6 bits", id="j2k-565"
        ),
        pytest.param(
            sized(J2K, 46, b"\2\2"), "pixel type: JPEG 2000 with samples that several pixels share", id="j2k-420"
        ),
        pytest.param(
            sized(J2K, 16, b"\0\0\0\1"),
            "pixel type: JPEG 2000 that does not begin at its upper left corner",
            id="j2k-offset",
        ),
        pytest.param(
            encode(Image.fromarray(CAT).convert("LA"), "JPEG2000"),
            "pixel type: JPEG 2000 of 2 samples a pixel",
            id="j2k-gray-alpha",
        ),
        pytest.param(with_frame(0xC3), "compression: lossless JPEG", id="jpeg-lossless"),
        pytest.param(with_frame(0xC5), "compression: hierarchical JPEG", id="jpeg-hierarchical"),
        pytest.param(
            encode(Image.fromarray(CAT).convert("CMYK"), "TIFF", compression="jpeg"),
            "colours: TIFF of CMYK packed as JPEG",
            id="tiff-cmyk-jpeg",
        ),
        pytest.param(
            Tiff(CAT, compression=JPEG, separate=True).write(),
            "pixel type: TIFF of JPEGs of one colour each",
            id="tiff-planes-jpeg",
        ),
        pytest.param(
            Tiff(CAT_AND_ALPHA, compression=JPEG, extra=2).write(),
            "pixel type: TIFF of JPEGs with more than colours",
            id="tiff-alpha-jpeg",
        ),
        pytest.param(
            Tiff(CAT[..., :1], compression=JPEG, photometric=3, tags={320: (3, [0] * 3 * 2**8)}).write(),
            "colours: TIFF of a palette packed as JPEG",
            id="tiff-palette-jpeg",
        ),
        pytest.param(
            Tiff(CAT[..., :1], photometric=1, tags={258: (3, []), 339: (3, [3])}).write(),
            "pixel type: 1-bit float TIFF",
            id="tiff-float-without-bits",
        ),
        pytest.param(
            encode(CAT, "PNG").replace(b"\0\0\0\x0dIHDR", b"\0\0\0\4CgBI\x50\0\x20\2\x2b\xd5\xb3\x7f\0\0\0\x0dIHDR"),
            "format: PNG as the apps of iOS hold it (CgBI)",
            id="png-cgbi",
        ),
        pytest.param(
            Tiff(CAT[..., :1].astype(np.uint16), photometric=3, bits=16, tags={320: (3, [0] * 3 * 2**16)}).write(),
            "pixel type: TIFF with a palette of 16 bits",
            id="tiff-palette-16-bit",
        ),
        pytest.param(
            encode(CAT, "BMP")[14:], "format: DIB, a bitmap without the header of its file", id="bmp-without-header"
        ),
        pytest.param(b"\xff\x0a" + bytes(40), "format: JPEG XL", id="jxl"),
        *(
            pytest.param(encode(CAT, kind, **options), f"format: {name}", id=f"{kind}{'-'.join(options.values())}")
            for kind, name, options in (
                ("PPM", "PNM (PPM, PGM, PBM, PAM)", {}),
                ("TGA", "TGA", {}),
                ("TGA", "TGA", {"compression": "tga_rle"}),
                ("PCX", "PCX", {}),
                ("QOI", "QOI", {}),
                ("DDS", "DDS, a texture", {}),
                ("ICNS", "ICNS, icons of macOS", {}),
                ("ICO", "ICO, an icon", {}),
            )
        ),
        pytest.param(b"P2 # by hand\n 3 2\n15\n1 2 3 4 5 6\n", "format: PNM (PPM, PGM, PBM, PAM)", id="pgm-in-text"),
        pytest.param(struct.pack("<4sI", b"II\xbc\1", 8), "format: JPEG XR", id="jxr"),
    ],
)
def test_it_is_named(data: bytes, kind: str) -> None:
    with pytest.raises(ImageError) as refused:
        decode_image(data, "photo")
    assert refused.value.reason.startswith(f"unsupported {kind}, expected ")


def test_what_opencv_refuses_without_a_word_may_be_either() -> None:
    data = GRAY_J2K[:-60] + bytes(58) + GRAY_J2K[-2:]
    at = data.index(b"\xff\x93")  # the start of the pixels
    with pytest.raises(ImageError, match="unsupported or corrupt JPEG 2000: OpenCV cannot decode its pixels"):
        decode_image(data[: at - 20] + bytes(20) + data[at:], "photo")


def test_run_lengths_that_end_too_early_are_damage() -> None:
    info = struct.pack("<IiiHHIIiiII", 40, 6, 4, 1, 8, 1, 6, 0, 0, 2, 0)
    head = b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + len(info) + 8) + info + b"\0\0\0\0\xff\xff\xff\0"
    image = decode_image(head + bytes([6, 1, 0, 0, 3, 1]), "photo")
    assert image.damage == "damaged BMP: its run lengths end before its picture does"
    assert decode_image(head + bytes([6, 1, 0, 0, 3, 1]) + b"\0\1", "photo").damage is None


@pytest.mark.parametrize("bits", [4, 8])
def test_many_runs_at_once_are_as_each_alone(bits: int) -> None:
    rng = np.random.default_rng(bits)
    pairs = rng.integers(1, 4, (6, 300, 2), dtype=np.uint8)
    pairs[..., 1] = rng.integers(0, 256, pairs.shape[:2])
    width = int(pairs[..., 0].sum(axis=1).min())
    rows = [_unpacked(row, bits)[:width] for row in pairs.tolist()]
    info = struct.pack("<IiiHHIIiiII", 40, width, -6, 1, bits, 1 if bits == 8 else 2, 0, 0, 0, 2**bits, 0)
    palette = rng.integers(0, 256, (2**bits, 4), dtype=np.uint8)
    head = b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + len(info) + palette.size) + info + palette.tobytes()
    image = decode_image(head + b"".join(row.tobytes() + b"\0\0" for row in pairs) + b"\0\1", "photo")
    assert (image.pixels == palette[np.array(rows)][..., 2::-1]).all() and image.damage is None


def _unpacked(runs: list[list[int]], bits: int) -> list[int]:
    both = [[value, value] if bits == 8 else [value >> 4, value & 15] for _, value in runs]
    return [pair[place % 2] for (count, _), pair in zip(runs, both, strict=True) for place in range(count)]
