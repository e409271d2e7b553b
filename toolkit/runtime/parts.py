"""Many images through a network in parts, so that its activations take as much memory as those of a few."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PIXELS = 2**21  # of images that run at once: 41 of 224 x 224


def answer_in_parts(answer: Callable[[NDArray[Any]], NDArray[Any]], images: NDArray[Any]) -> NDArray[Any]:
    """Answers images, no more of them at once than have some two million pixels together.

    Args:
        answer: Gives (n, classes) for (n, height, width, channels), n at least 1.
        images: (N, height, width, channels), N at least 1.

    Returns:
        (N, classes).
    """
    size = max(1, _PIXELS // max(1, images.shape[1] * images.shape[2]))
    if len(images) <= size:
        return answer(images)
    return np.concatenate([answer(images[start : start + size]) for start in range(0, len(images), size)])
