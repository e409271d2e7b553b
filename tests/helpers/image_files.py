"""Image files made on the fly, good and bad ones."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.data import chelsea

Pixels = NDArray[np.uint8]
JPEG_END = b"\xff\xd9"


def photo(height: int = 60, width: int = 80) -> Pixels:
    """The middle of a photograph of a cat: (height, width, 3) uint8 RGB."""
    cat: Pixels = chelsea()
    top, left = (cat.shape[0] - height) // 2, (cat.shape[1] - width) // 2
    return np.ascontiguousarray(cat[top : top + height, left : left + width])


def encode(pixels: Pixels | Image.Image, suffix: str, **options: Any) -> bytes:
    """Encodes an array or a Pillow image with Pillow, which has more of each format than OpenCV writes."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = io.BytesIO()
    image.save(buffer, suffix, **options)
    return buffer.getvalue()


def damaged_jpeg(height: int = 60, width: int = 80, at: float = 0.5) -> bytes:
    """A JPEG with its end marker of which some bytes of the coded data are others: libjpeg reads on."""
    data = bytearray(encode(photo(height, width), "JPEG", quality=95))
    start = int(len(data) * at)
    data[start : start + 60] = b"\x5a" * 60
    return bytes(data)


def encode_cv2(pixels: NDArray[Any], suffix: str, *options: int) -> bytes:
    """Encodes an array with OpenCV, which writes 16 bits too; colours in RGB or RGBA order."""
    if pixels.ndim == 3:
        pixels = pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]
    done, data = cv2.imencode(suffix, pixels, list(options))
    assert done
    return bytes(data)


def exif(orientation: int, order: str = "<") -> bytes:
    """EXIF data that holds an orientation alone."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def jpeg_segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def with_segment(jpeg: bytes, marker: int, data: bytes) -> bytes:
    """Puts a segment right after the start marker of a JPEG."""
    return jpeg[:2] + jpeg_segment(marker, data) + jpeg[2:]


def with_orientation(jpeg: bytes, orientation: int, order: str = "<") -> bytes:
    return with_segment(jpeg, 0xE1, b"Exif\0\0" + exif(orientation, order))


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int, colour_type: int, rows: bytes, *before_pixels: bytes) -> bytes:
    """A PNG by hand: rows with their filter byte, and whole chunks to put in front of the pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    chunks = (
        png_chunk(b"IHDR", header),
        *before_pixels,
        png_chunk(b"IDAT", zlib.compress(rows)),
        png_chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def with_png_chunk(data: bytes, kind: bytes, content: bytes) -> bytes:
    """Puts a chunk right after the header of a PNG."""
    return data[:33] + png_chunk(kind, content) + data[33:]


def heic(pixels: Pixels, mode: str = "RGB", **options: object) -> bytes:
    """Encodes as HEIC, in the colours that are given."""
    import pillow_heif

    file = pillow_heif.from_bytes(mode=mode, size=pixels.shape[1::-1], data=pixels.tobytes())
    buffer = io.BytesIO()
    file.save(buffer, quality=100, chroma=444, **options)
    return buffer.getvalue()
