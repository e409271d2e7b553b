"""The pictures that image files of every layout hold, and what is to be seen of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from image_files import photo
from PIL import Image

CAT = photo(29, 43)  # odd sides, and no symmetry
ALPHA = np.tile(np.linspace(0, 255, CAT.shape[1]).astype(np.uint8), (CAT.shape[0], 1))
GRAY = np.asarray(Image.fromarray(CAT).convert("L"))


class ImageLayout(NamedTuple):
    """A file, and what it should look like."""

    name: str
    data: bytes
    expected: np.ndarray  # (H, W, 3) uint8 RGB
    within: int = 1  # of 255


def on_white(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    opacity = alpha[..., None] / 255
    return np.rint(colours * opacity + 255 * (1 - opacity)).astype(np.uint8)


def turned(upright: np.ndarray, orientation: int) -> np.ndarray:
    """What a camera stores that was held so: `upright` with the steps back in their opposite order."""
    if orientation in (2, 3, 6, 7):
        upright = upright[:, ::-1]
    if orientation in (3, 4, 7, 8):
        upright = upright[::-1]
    return np.ascontiguousarray(upright.swapaxes(0, 1) if orientation >= 5 else upright)


def as_gray(values: np.ndarray) -> np.ndarray:
    return np.dstack([values] * 3)
