"""The image formats, known by the first bytes of a file and never by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cnnkit.errors import ImageError
from cnnkit.images import avif, bmp, gif, heic, jpeg, jpeg2000, jpeg_losses, png, tiff, webp
from cnnkit.images.iso_media import AVIF_BRANDS, HEIC_BRANDS, read_brands
from cnnkit.images.reader import Decoded, ImageBytes, Traits
from cnnkit.images.unsupported import unsupported_name


@dataclass(frozen=True)
class ImageFormat:
    """What is asked of a format before a file of it is decoded; the functions raise ImageError."""

    name: str
    read_size: Callable[[ImageBytes], tuple[int, int]]  # width and height as stored, from the header alone
    inspect: Callable[[ImageBytes], Traits]  # checks as well that nothing of the file is missing
    decode: Callable[[ImageBytes, Traits], Decoded] | None = None  # None: OpenCV alone does it


_JPEG = ImageFormat("JPEG", jpeg.read_size, jpeg_losses.inspect)
_PNG = ImageFormat("PNG", png.read_size, png.inspect, png.decode)
_GIF = ImageFormat("GIF", gif.read_size, gif.inspect, gif.decode)
_BMP = ImageFormat("BMP", bmp.read_size, bmp.inspect, bmp.decode)
_WEBP = ImageFormat("WebP", webp.read_size, webp.inspect, webp.decode)
_TIFF = ImageFormat("TIFF", tiff.read_size, tiff.inspect, tiff.decode)
_JPEG_2000 = ImageFormat("JPEG 2000", jpeg2000.read_size, jpeg2000.inspect)
_AVIF = ImageFormat("AVIF", avif.read_size, avif.inspect, avif.decode)
_HEIC = ImageFormat("HEIC", heic.read_size, heic.inspect, heic.decode)

EXPECTED = "expected JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP, GIF or JPEG 2000"


def identify(data: bytes, source: str) -> ImageFormat:
    """Returns the format of a file.

    Args:
        data: The file's bytes.
        source: What the user calls it, for errors.

    Raises:
        ImageError: The data is empty, or begins as no known format does.
    """
    if not data:
        raise ImageError(source, "empty file")
    for image_format, signatures in (
        (_JPEG, jpeg.SIGNATURE),
        (_PNG, png.SIGNATURE),
        (_GIF, gif.SIGNATURES),
        (_BMP, bmp.SIGNATURE),
        (_TIFF, tiff.SIGNATURES),
        (_JPEG_2000, jpeg2000.SIGNATURES),
    ):
        if data.startswith(signatures):
            return image_format
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _WEBP
    brands = read_brands(data)
    if brands & AVIF_BRANDS:
        return _AVIF
    if brands & HEIC_BRANDS:
        return _HEIC
    name = unsupported_name(data)
    if name is not None:
        raise ImageError(source, f"unsupported format: {name}, {EXPECTED}")
    raise ImageError(source, f"not an image: {EXPECTED}")
