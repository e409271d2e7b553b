"""The image formats, known by the first bytes of a file and never by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cnnkit.errors import ImageError
from cnnkit.images import avif, bmp, gif, heic, jpeg, jpeg2000, jpeg_losses, png, tiff, webp
from cnnkit.images.iso_media import AVIF_BRANDS, HEIC_BRANDS, read_brands
from cnnkit.images.reader import Decoded, ImageBytes, Traits
from cnnkit.images.unsupported import begins_unsupported, unsupported_name


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
_JPEG_2000 = ImageFormat("JPEG 2000", jpeg2000.read_size, jpeg2000.inspect, jpeg2000.decode)
_AVIF = ImageFormat("AVIF", avif.read_size, avif.inspect, avif.decode)
_HEIC = ImageFormat("HEIC", heic.read_size, heic.inspect, heic.decode)

_BY_SIGNATURE: tuple[tuple[bytes | tuple[bytes, ...], ImageFormat], ...] = (
    (jpeg.SIGNATURE, _JPEG),
    (png.SIGNATURE, _PNG),
    (gif.SIGNATURES, _GIF),
    (bmp.SIGNATURE, _BMP),
    (tiff.SIGNATURES, _TIFF),
    (jpeg2000.SIGNATURES, _JPEG_2000),
)
HEAD_BYTES = 32
EXPECTED = "expected JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP, GIF or JPEG 2000"


def identify(data: bytes, source: str) -> ImageFormat:
    """Returns the format of a file.

    Args:
        data: The file's bytes.
        source: What the user calls it, for errors.

    Raises:
        ImageError: The data is empty, or begins as no known format does.
    """
    image_format = _known(data)
    if image_format is not None:
        return image_format
    if not data:
        raise ImageError(source, "empty file")
    name = unsupported_name(data)
    if name is not None:
        raise ImageError(source, f"unsupported format: {name}, {EXPECTED}")
    raise ImageError(source, f"not an image: {EXPECTED}")


def begins_as_image(head: bytes) -> bool:
    """Whether a file is surely an image, decoded here or not, by its first bytes alone.

    Args:
        head: The first `HEAD_BYTES` of the file, or all there are.
    """
    known = _known(head)
    if known is _JPEG:
        return head[2:3] == b"\xff"
    if known is _BMP:
        return bmp.has_known_header(head)
    return known is not None or begins_unsupported(head)


def _known(data: bytes) -> ImageFormat | None:
    for signatures, image_format in _BY_SIGNATURE:
        if data.startswith(signatures):
            return image_format
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _WEBP
    brands = read_brands(data)
    if brands & AVIF_BRANDS:
        return _AVIF
    return _HEIC if brands & HEIC_BRANDS else None
