"""From the bytes of an image file to its pixels: upright, 8 bits, RGB, on white where transparent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ImageError
from cnnkit.images.codec_messages import damage_said, decode_heard, decoding_unheard
from cnnkit.images.formats import ImageFormat, identify
from cnnkit.images.jpeg_end import mend_end
from cnnkit.images.opencv_codec import decode_on_white, decode_rgb
from cnnkit.images.orientation import upright
from cnnkit.images.reader import PLAIN, Decoded, ImageBytes, Traits
from cnnkit.images.reduced import reduction
from cnnkit.spec import InputSpec

DEFAULT_MAX_PIXELS = 178_956_970  # where Pillow, too, takes an image for a decompression bomb
_DARK = 16  # of 255: brighter is no picture of 12 bits that are stored in 16
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
    """Decodes an image file that is in memory.

    JPEG, PNG, WebP, AVIF, TIFF (its first page), BMP, GIF (its first frame), JPEG 2000, and HEIC where pillow-heif is
    installed.

    The EXIF orientation is applied, 16-bit values keep their upper 8 bits, gray and palettes become RGB, and
    transparent pixels are put on white.

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
    width, height = check_size(file, image_format, max_pixels)
    traits = image_format.inspect(file)
    if traits.weight > 1:
        _check_weight(file, width * height, max_pixels // traits.weight)
    factor = 1
    if taken and image_format.name == "JPEG":
        factor = min([reduction(width, height, traits.orientation, spec) for spec in taken])
    if traits.lacks_end:
        with decoding_unheard():
            file = file._replace(data=mend_end(file, lambda padded: _decode_by_opencv(padded, traits)))
    decoded, said = decode_heard(decode_pixels, file, image_format, traits, factor)
    pixels = decoded.pixels
    if pixels is None:
        raise file.corrupt("its pixels cannot be decoded")
    warnings = () if traits is PLAIN else tuple(_odd(traits, pixels))
    seen = decoded.damage or traits.damage
    return DecodedImage(pixels, warnings, _damage(file, said, seen) if said or seen else None)


def _odd(traits: Traits, pixels: NDArray[np.uint8]) -> Iterator[str]:
    """Says what is odd about a file whose picture is whole."""
    if traits.warning is not None:
        yield traits.warning
    if traits.lacks_end:
        yield "JPEG lacks its end marker"
    if traits.deep and pixels.max() < _DARK:
        yield "its 16-bit values use their lower 12 bits alone, so the picture is nearly black"


def _damage(file: ImageBytes, said: Sequence[str], seen: str | None) -> str | None:
    """Makes one line of what a codec said of damage, and of what the file's bytes show."""
    lines = damage_said(said) + ([] if seen is None else [seen])
    return f"damaged {file.format}: {'; '.join(lines)}" if lines else None


def check_size(file: ImageBytes, image_format: ImageFormat, max_pixels: int) -> tuple[int, int]:
    """Returns width and height, as stored.

    Raises:
        ImageError: There are none, or too many pixels.
    """
    width, height = image_format.read_size(file)
    pixels = width * height
    if pixels == 0:
        raise file.corrupt(_shown(width, height))
    if pixels > max_pixels:
        raise ImageError(file.source, f"{_shown(width, height)}, more than the limit of {max_pixels:,} (--max-pixels)")
    if pixels > _OPENCV_PIXELS or max(width, height) > _OPENCV_SIDE:
        raise ImageError(file.source, f"{_shown(width, height)}, more than OpenCV decodes (2^20 a side, 2^30 in all)")
    return width, height


def _check_weight(file: ImageBytes, pixels: int, most: int) -> None:
    if pixels > most:
        raise ImageError(
            file.source,
            f"{pixels:,} pixels, more than the limit of {most:,} for {file.format} of this kind (--max-pixels)",
        )


def _shown(width: int, height: int) -> str:
    return f"{width:,} x {height:,} pixels"


def decode_pixels(file: ImageBytes, image_format: ImageFormat, traits: Traits, factor: int) -> Decoded:
    """Returns (H, W, 3) uint8 RGB, upright, `factor` times smaller, if it can be decoded."""
    if image_format.decode is None:
        return Decoded(_decode_by_opencv(file.data, traits, factor))
    decoded = image_format.decode(file, traits)
    if decoded.pixels is None or traits.orientation == 1:
        return decoded
    return decoded._replace(pixels=upright(decoded.pixels, traits.orientation))


def _decode_by_opencv(data: bytes, traits: Traits, factor: int = 1) -> NDArray[np.uint8] | None:
    pixels = decode_on_white(data, traits) if traits.transparent else decode_rgb(data, factor)
    return pixels if pixels is None or traits.orientation == 1 else upright(pixels, traits.orientation)
