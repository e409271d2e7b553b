"""Transparent pixels, put on white: what most viewers show, and what objects cut out of a photograph stand on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnnkit.images.reader import Traits
from cnnkit.system import import_cv2


def on_white(pixels: NDArray[np.uint8] | NDArray[np.uint16], traits: Traits) -> NDArray[np.uint8]:
    """Makes RGB of what OpenCV decodes unchanged.

    Args:
        pixels: (H, W), (H, W, 3) BGR or (H, W, 4) BGRA; of 16-bit values the upper 8 bits are kept.
        traits: Of the file: how its transparency is stored.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    cv2 = import_cv2()
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    code = {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}[channels]
    colours: NDArray[np.uint8] = cv2.cvtColor(_upper_byte(pixels), code)
    if channels == 4:
        return _blend(colours, _upper_byte(pixels[..., 3]), premultiplied=traits.premultiplied)
    if channels == 1 and traits.transparent_gray is not None:
        colours[pixels == traits.transparent_gray] = 255
    return colours


def _upper_byte(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
    return (pixels >> 8).astype(np.uint8) if pixels.dtype == np.uint16 else pixels.astype(np.uint8, copy=False)


def _blend(colours: NDArray[np.uint8], alpha: NDArray[np.uint8], *, premultiplied: bool) -> NDArray[np.uint8]:
    """Returns colour x alpha + white x (1 - alpha), rounded; alpha from 0 to 255 stands for 0 to 1."""
    if alpha.min() == 255:
        return colours
    opacity = alpha[..., None].astype(np.uint16)
    weighted = colours if premultiplied else (colours * opacity + 127) // 255
    blended: NDArray[np.uint8] = np.minimum(weighted + (255 - opacity), 255).astype(np.uint8)
    return blended
