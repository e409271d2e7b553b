"""HEIC, as phones write it: decoded by the optional package pillow-heif."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ImageError, MissingExtraError
from cnnkit.images.iso_media import check_places, read_picture
from cnnkit.images.reader import Decoded, ImageBytes, Traits
from cnnkit.images.transparency import blend
from cnnkit.system import require

_EXTRA = "heif"


def read_size(file: ImageBytes) -> tuple[int, int]:
    """Returns width and height in pixels, as stored."""
    picture = read_picture(file)
    return picture.width, picture.height


def inspect(file: ImageBytes) -> Traits:
    """Checks that there is a decoder, which turns the picture upright itself, and that nothing is missing.

    Raises:
        ImageError: There is none, or the file is cut.
    """
    try:
        require("HEIC", _EXTRA, "pillow_heif")
    except MissingExtraError as error:
        raise ImageError(file.source, f"unsupported format: {error}") from error
    check_places(file)
    return Traits()


def decode(file: ImageBytes, traits: Traits) -> Decoded:
    """Decodes the main picture.

    Raises:
        ImageError: It is cut or corrupt.
    """
    import pillow_heif

    try:
        image: Any = pillow_heif.open_heif(file.data)
        pixels = np.asarray(image)
    except (ValueError, RuntimeError, OSError, EOFError, SyntaxError, LookupError) as error:
        raise file.corrupt(f"its pixels cannot be decoded: {error}") from error
    return Decoded(_rgb(pixels, premultiplied=image.premultiplied_alpha))


def _rgb(pixels: NDArray[Any], *, premultiplied: bool) -> NDArray[np.uint8]:
    """Returns (H, W, 3) uint8 RGB of gray, gray and alpha, RGB or RGBA; of 16-bit values the upper 8 bits."""
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    channels = pixels.shape[2]
    colours = np.repeat(pixels[..., :1], 3, axis=2) if channels < 3 else np.ascontiguousarray(pixels[..., :3])
    return blend(colours, pixels[..., -1], premultiplied=premultiplied) if channels in (2, 4) else colours
