"""A heat map over the image that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnnkit.system import import_cv2

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COLDEST, _HOTTEST = 0.25, 0.7  # the colour's share


def paint_heat(rgb: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Returns an image, in grey, with the colours of heat over it: blue is cold, red is hot.

    Args:
        rgb: (H, W, 3) uint8.
        heat: (H, W) float32, 0 to 1.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    cv2 = import_cv2()
    colours = cv2.applyColorMap((255 * heat).astype(np.uint8), cv2.COLORMAP_TURBO)[..., ::-1]
    grey = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)[..., None]
    share = (_COLDEST + (_HOTTEST - _COLDEST) * heat)[..., None]
    blended: NDArray[np.uint8] = (grey * (1 - share) + colours * share).round().astype(np.uint8)
    return blended


def as_rgb(image: NDArray[np.uint8], color: str) -> NDArray[np.uint8]:
    """Returns a network's input, (H, W, channels) uint8 in the order `color`, as (H, W, 3) uint8 RGB."""
    if color == "gray":
        return np.repeat(image, 3, axis=2)
    return np.ascontiguousarray(image[..., ::-1]) if color == "bgr" else image
