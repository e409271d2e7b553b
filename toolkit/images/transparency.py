"""Transparent pixels, put on white: what most viewers show, and what objects cut out of a photograph stand on.

It is done in bands, and in the memory in which the picture lies: a whole picture of them takes no more than it did.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.images.reader import Traits
from cnnkit.system import import_cv2

_BAND = 2**18  # pixels


def on_white(pixels: NDArray[np.uint8] | NDArray[np.uint16], traits: Traits) -> NDArray[np.uint8]:
    """Makes RGB of what OpenCV decodes unchanged.

    Args:
        pixels: (H, W), (H, W, 3) BGR or (H, W, 4) BGRA; of 16-bit values the upper 8 bits are kept. They are
            overwritten.
        traits: Of the file: how its transparency is stored.

    Returns:
        (H, W, 3) uint8 RGB, in the memory of `pixels` where that is large enough.
    """
    height, width = pixels.shape[:2]
    memory = pixels.reshape(-1).view(np.uint8)
    if memory.size < 3 * height * width:
        memory = np.empty(3 * height * width, np.uint8)
    result = memory[: 3 * height * width].reshape(height, width, 3)
    rows = max(1, _BAND // width)
    for top in range(0, height, rows):  # a band ends up in front of where it was: what is still to come stays
        result[top : top + rows] = _rgb(pixels[top : top + rows], traits)
    return result


def _rgb(pixels: NDArray[Any], traits: Traits) -> NDArray[np.uint8]:
    cv2 = import_cv2()
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    code = {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}[channels]
    values = (pixels >> 8).astype(np.uint8) if pixels.dtype == np.uint16 else pixels
    colours: NDArray[np.uint8] = cv2.cvtColor(values, code)
    if channels == 4:
        return blend(colours, values[..., 3], premultiplied=traits.premultiplied)
    if channels == 1 and traits.transparent_gray is not None:
        colours[pixels.reshape(colours.shape[:2]) == traits.transparent_gray] = 255
    return colours


def blend(colours: NDArray[np.uint8], alpha: NDArray[np.uint8], *, premultiplied: bool) -> NDArray[np.uint8]:
    """Returns colour x alpha + white x (1 - alpha), rounded; alpha from 0 to 255 stands for 0 to 1.

    Args:
        colours: (H, W, 3) uint8 RGB.
        alpha: (H, W) uint8.
        premultiplied: Whether the colours are multiplied by alpha already.
    """
    if alpha.size == 0 or alpha.min() == 255:
        return colours
    opacity = alpha[..., None].astype(np.uint16)
    weighted = colours if premultiplied else (colours * opacity + 127) // 255
    blended: NDArray[np.uint8] = np.minimum(weighted + (255 - opacity), 255).astype(np.uint8)
    return blended
