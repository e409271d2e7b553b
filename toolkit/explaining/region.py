"""The hottest part of a heat map, as a box."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnnkit.images import Window
from cnnkit.system import import_cv2

if TYPE_CHECKING:
    from numpy.typing import NDArray

_THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)  # shares of the hottest value
_LARGEST = 0.5  # share of the image that a part may have


def hottest_part(heat: NDArray[np.float32]) -> Window | None:
    """Returns the box around what is at least half as hot as the hottest place and hangs together with it.

    Where that is more than half of the image, what is hotter still is taken.

    Args:
        heat: (height, width), 0 and more.

    Returns:
        The box in pixels; None where nothing is hot.
    """
    hottest = float(heat.max(initial=0.0))
    if hottest <= 0:
        return None
    boxes = (_box_around_hottest(heat, share * hottest) for share in _THRESHOLDS)
    largest = _LARGEST * heat.size
    box = None
    for box in boxes:
        if box.height * box.width <= largest:
            return box
    return box


def _box_around_hottest(heat: NDArray[np.float32], threshold: float) -> Window:
    _, parts = import_cv2().connectedComponents((heat >= threshold).astype(np.uint8))
    wanted = parts == parts[np.unravel_index(int(heat.argmax()), heat.shape)]
    rows, columns = np.flatnonzero(wanted.any(axis=1)), np.flatnonzero(wanted.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    return Window(top, left, int(rows[-1]) - top + 1, int(columns[-1]) - left + 1)
