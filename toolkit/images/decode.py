"""From the bytes of an image file to its pixels: upright, 8 bits, RGB, on white where transparent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ImageError
from cnnkit.images.codec_messages import DAMAGE, decode_heard, decoding_unheard
from cnnkit.images.formats import ImageFormat, identify
from cnnkit.images.jpeg_end import mend_end
from cnnkit.images.orientation import upright
from cnnkit.images.reader import ImageBytes, Traits
from cnnkit.images.reduced import reduction
from cnnkit.images.transparency import on_white
from cnnkit.spec import InputSpec
from cnnkit.system import import_cv2

DEFAULT_MAX_PIXELS = 178_956_970  # where Pillow, too, takes an image for a decompression bomb
_REDUCED = {2: 16, 4: 32, 8: 64}  # the bits of IMREAD_REDUCED_* without their colours, which another flag says
_OPENCV_SIDE, _OPENCV_PIXELS = 2**20, 2**30  # OpenCV's own limits


class DecodedImage(NamedTuple):
    """An image as it should be looked at, and what was odd about its file."""

    pixels: NDArray[np.uint8]  # (H, W, 3) RGB in 0..255, upright
    warnings: tuple[str, ...] = ()  # what is odd about a file whose image is whole, one line each, without the source
    damage: str | None = None  # why parts of the image may be wrong, in one line, without the source

    def sound(self, source: str) -> DecodedImage:
        """Returns the image itself, for those who learn from it or measure with it.

        Raises:
            ImageError: It is damaged.
        """
        if self.damage is not None:
            raise ImageError(source, self.damage)
        return self


def decode_image(
    data: bytes, source: str, *, max_pixels: int = DEFAULT_MAX_PIXELS, taken: Sequence[InputSpec] = ()
) -> DecodedImage:
    """Decodes an image file that is in memory: JPEG, PNG, WebP, BMP, TIFF (first page) or GIF (first frame).

    The EXIF orientation is applied, 16-bit values keep their upper 8 bits, gray and palettes become RGB, and
    transparent pixels are put on white (not so the alpha of a BMP or of a gray TIFF, which is ignored).

    Args:
        data: The file's bytes.
        source: What the user calls it, for errors.
        max_pixels: The most pixels to decode, compared with the file's header before anything is decoded.
        taken: The inputs for which a JPEG may be decoded smaller, see `cnnkit.images.reduced`; without any it is
            decoded in full.

    Returns:
        The image; with a warning where it is whole and its file is not, with its damage where it may be wrong in parts.

    Raises:
        ImageError: The data is no image, is cut or corrupt, is too large, or has pixels of an unsupported type.
    """
    image_format = identify(data, source)
    file = ImageBytes(data, source, image_format.name)
    width, height = _check_size(file, image_format, max_pixels)
    traits = image_format.inspect(file)
    warnings: tuple[str, ...] = ()
    if traits.lacks_end:
        with decoding_unheard():
            data = mend_end(file, lambda padded: _decode(padded, traits))
        warnings = ("JPEG lacks its end marker",)
    factor = 1
    if taken and image_format.name == "JPEG":
        factor = min([reduction(width, height, traits.orientation, spec) for spec in taken])
    decoded, said = decode_heard(lambda: _decode(data, traits, factor))
    if decoded is None:
        raise file.corrupt("its pixels cannot be decoded")
    return DecodedImage(decoded, warnings, _damage(image_format, said) if said else None)


def _damage(image_format: ImageFormat, said: Sequence[str]) -> str | None:
    """Makes one line of what a codec said of damage."""
    if image_format.name != "JPEG":
        return None
    lines = [line.removeprefix("Corrupt JPEG data: ") for line in said if line.startswith(DAMAGE)]
    return f"damaged JPEG: {'; '.join(lines)}" if lines else None


def _check_size(file: ImageBytes, image_format: ImageFormat, max_pixels: int) -> tuple[int, int]:
    """Returns width and height, as stored."""
    width, height = image_format.read_size(file)
    pixels = width * height
    if pixels == 0:
        raise file.corrupt(_shown(width, height))
    if pixels > max_pixels:
        raise ImageError(file.source, f"{_shown(width, height)}, more than the limit of {max_pixels:,} (--max-pixels)")
    if pixels > _OPENCV_PIXELS or max(width, height) > _OPENCV_SIDE:
        raise ImageError(file.source, f"{_shown(width, height)}, more than OpenCV decodes (2^20 a side, 2^30 in all)")
    return width, height


def _shown(width: int, height: int) -> str:
    return f"{width:,} x {height:,} pixels"


def _decode(data: bytes, traits: Traits, factor: int = 1) -> NDArray[np.uint8] | None:
    """Returns (H, W, 3) uint8 RGB, `factor` times smaller, or None where OpenCV finds the data corrupt."""
    cv2 = import_cv2()
    # Of the formats here, OpenCV applies the orientation of TIFF always; that of the others is applied below.
    flags = cv2.IMREAD_UNCHANGED if traits.transparent else cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    if factor > 1:
        flags |= _REDUCED[factor]
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    if pixels is None:
        return None
    return upright(on_white(pixels, traits) if traits.transparent else pixels, traits.orientation)
