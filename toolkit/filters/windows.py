"""Every place where a window fits onto an image, as one array without a copy."""

from __future__ import annotations

from typing import Any

from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cnnkit.errors import ImageError, UsageError

Pair = tuple[int, int]  # down and right


def strided_windows(image: NDArray[Any], window: Pair, stride: Pair, name: str) -> NDArray[Any]:
    """Lays a window onto an image at every `stride`-th place, from the top left, wherever it fits whole.

    There are floor((n - k) / s) + 1 places along an axis of n values, for a window of k and a stride of s (V. Dumoulin
    and F. Visin, "A guide to convolution arithmetic for deep learning", 2016, arXiv:1603.07285).

    Args:
        image: (n, m), any real dtype.
        window: Height k and width l, in values.
        stride: Steps down and right from one place to the next, in values.
        name: What the window is called in errors.

    Returns:
        (places down, places right, k, l), a read-only view of `image`.

    Raises:
        ImageError: `image` is no such array.
        UsageError: The window does not fit into the image, or a window or stride is below 1.
    """
    check_image(image)
    if min(window) < 1:
        raise UsageError(f"a {name} of {_shown(window)}: expected at least 1 x 1")
    if min(stride) < 1:
        raise UsageError(f"a stride of {_shown(stride)}: expected at least 1 x 1")
    if window[0] > image.shape[0] or window[1] > image.shape[1]:
        raise UsageError(
            f"a {name} of {_shown(window)} does not fit into {_shown(image.shape)} values (height x width): "
            f"take a smaller {name}, a larger image or more padding"
        )
    places: NDArray[Any] = sliding_window_view(image, window)[:: stride[0], :: stride[1]]
    return places


def check_image(image: NDArray[Any]) -> None:
    """Checks that an array is a gray image.

    Raises:
        ImageError: It is not (n, m), is empty, or holds no real numbers.
    """
    if image.ndim != 2 or image.size == 0 or not is_real(image):
        raise ImageError(
            "array", f"{image.shape} {image.dtype}, expected a gray image: (height, width) of real numbers"
        )


def is_real(array: NDArray[Any]) -> bool:
    """Says whether an array holds whole numbers, floats or booleans."""
    return array.dtype.kind in "biuf"


def _shown(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{side:,}" for side in shape)
