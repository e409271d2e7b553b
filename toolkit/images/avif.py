"""AVIF: decoded by OpenCV, which leaves out how the picture is to be turned."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.images.iso_media import check_places, read_picture
from cnnkit.images.opencv_codec import decode_rgb, decode_unchanged
from cnnkit.images.reader import Decoded, ImageBytes, Traits
from cnnkit.images.transparency import on_white


def read_size(file: ImageBytes) -> tuple[int, int]:
    """Returns width and height in pixels, as stored."""
    picture = read_picture(file)
    return picture.width, picture.height


def inspect(file: ImageBytes) -> Traits:
    """Reads the orientation, and checks that nothing is missing.

    Raises:
        ImageError: The file is cut.
    """
    check_places(file)
    picture = read_picture(file)
    return Traits(transparent=picture.has_alpha, orientation=picture.orientation, weight=2)


def decode(file: ImageBytes, traits: Traits) -> Decoded:
    """Decodes the main picture.

    Raises:
        ImageError: OpenCV does not, and does not say why.
    """
    pixels: NDArray[Any] | None = decode_unchanged(file.data) if traits.transparent else decode_rgb(file.data)
    if pixels is None:
        raise file.undecodable()
    if not traits.transparent:
        return Decoded(pixels)
    if pixels.dtype == np.uint16:
        pixels <<= 16 - read_picture(file).bits
    return Decoded(on_white(pixels, traits))
