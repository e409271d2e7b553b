"""Max and average pooling, from first principles."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnnkit.filters.windows import Pair, strided_windows

Pooling = Literal["max", "average"]


def pool_max(image: NDArray[Any], window: Pair, stride: Pair | None = None) -> NDArray[Any]:
    """Keeps the largest value under each place of a window, where the window fits whole.

    Args:
        image: (n, m), any real dtype.
        window: Height p and width q.
        stride: Steps down and right (s, t), each at least 1; None takes the window's size, as Keras does.

    Returns:
        (floor((n - p) / s) + 1, floor((m - q) / t) + 1) of the same dtype.

    Raises:
        ImageError: `image` is no such array.
        UsageError: The window does not fit into the image, or a window or stride is below 1.
    """
    largest: NDArray[Any] = _places(image, window, stride).max(axis=(2, 3))
    return largest


def pool_average(image: NDArray[Any], window: Pair, stride: Pair | None = None) -> NDArray[np.float64]:
    """Takes the mean of the values under each place of a window, where the window fits whole.

    Args, shape of the result and errors are those of `pool_max`.

    Returns:
        float64.
    """
    means: NDArray[np.float64] = _places(image, window, stride).mean(axis=(2, 3), dtype=np.float64)
    return means


def _places(image: NDArray[Any], window: Pair, stride: Pair | None) -> NDArray[Any]:
    return strided_windows(image, window, window if stride is None else stride, "pooling window")
