"""Many images through a network in parts, so that its activations take as much memory as those of a few."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PIXELS = 2**20  # of images that run at once: 20 of 224 x 224
_PIXELS_KEPT = 2**18  # where all activations are kept until the end, as Keras does when it is called as it is


def answer_in_parts(
    answer: Callable[[NDArray[Any]], NDArray[Any]], images: NDArray[Any], *, keeps_activations: bool = False
) -> NDArray[Any]:
    """Answers images, no more of them at once than have a million pixels together.

    Args:
        answer: Gives (n, classes) for (n, height, width, channels), n at least 1.
        images: (N, height, width, channels), N at least 1.
        keeps_activations: Whether the network keeps all activations until its end; then a quarter of the pixels.

    Returns:
        (N, classes).
    """
    pixels = _PIXELS_KEPT if keeps_activations else _PIXELS
    size = max(1, pixels // max(1, images.shape[1] * images.shape[2]))
    if len(images) <= size:
        return answer(images)
    return np.concatenate([answer(images[start : start + size]) for start in range(0, len(images), size)])
