"""The image formats, known by the first bytes of a file and never by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cnnkit.errors import ImageError
from cnnkit.images import bmp, gif, jpeg, png, tiff, webp
from cnnkit.images.reader import ImageBytes, Traits


@dataclass(frozen=True)
class ImageFormat:
    """What is asked of a format before OpenCV decodes a file of it; both functions raise ImageError."""

    name: str
    read_size: Callable[[ImageBytes], tuple[int, int]]  # width and height as stored, from the header alone
    inspect: Callable[[ImageBytes], Traits]  # checks as well that nothing of the file is missing


_JPEG = ImageFormat("JPEG", jpeg.read_size, jpeg.inspect)
_PNG = ImageFormat("PNG", png.read_size, png.inspect)
_GIF = ImageFormat("GIF", gif.read_size, gif.inspect)
_BMP = ImageFormat("BMP", bmp.read_size, bmp.inspect)
_WEBP = ImageFormat("WebP", webp.read_size, webp.inspect)
_TIFF = ImageFormat("TIFF", tiff.read_size, tiff.inspect)

_EXPECTED = "expected JPEG, PNG, WebP, BMP, TIFF or GIF"
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")


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
    ):
        if data.startswith(signatures):
            return image_format
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _WEBP
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        raise ImageError(source, f"unsupported format: HEIF or AVIF, {_EXPECTED}")
    raise ImageError(source, f"not an image: {_EXPECTED}")
