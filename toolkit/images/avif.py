"""AVIF: decoded by OpenCV, which leaves out how the picture is to be turned, and the range of gray."""

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
    picture = read_picture(file)
    if pixels.dtype == np.uint16:
        pixels <<= 16 - picture.bits
    if picture.limited_gray:  # which OpenCV takes as it is, unlike that of colours
        _stretch(pixels)
    return Decoded(on_white(pixels, traits) if traits.transparent else pixels)


def _stretch(pixels: NDArray[Any]) -> None:
    """Brings gray from 16..235 of 255 to 0..255, in place and in bands; an alpha behind it stays."""
    most = np.iinfo(pixels.dtype).max
    step = most // 255
    for row in pixels:
        gray = (row[..., :3].astype(np.float32) - 16 * step) * np.float32(255 / 219)
        row[..., :3] = np.clip(np.rint(gray), 0, most)
