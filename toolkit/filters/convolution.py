"""Zero padding and the convolution of CNNs, from first principles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import UsageError
from cnnkit.filters.windows import Pair, check_image, is_real, strided_windows


def pad_zeros(image: NDArray[Any], d: int) -> NDArray[Any]:
    """Puts a frame of zeros around an image.

    Args:
        image: (n, m), any real dtype.
        d: How wide the frame is on each of the four sides, at least 0.

    Returns:
        (n + 2d, m + 2d) of the same dtype, always a new array.

    Raises:
        ImageError: `image` is no such array.
        UsageError: `d` is negative.
    """
    check_image(image)
    if d < 0:
        raise UsageError(f"a padding of {d}: expected 0 or more")
    n, m = image.shape
    padded = np.zeros((n + 2 * d, m + 2 * d), image.dtype)
    padded[d : d + n, d : d + m] = image
    return padded


def convolve(image: NDArray[Any], kernel: NDArray[Any], stride: Pair = (1, 1)) -> NDArray[np.float64]:
    """Convolves an image with a kernel where the kernel fits whole ("valid").

    This is the convolution of CNNs, of ONNX's Conv and of cv2.filter2D, which is cross-correlation: the kernel is *not*
    flipped. out[i, j] = sum over a, b of image[i * s + a, j * t + b] * kernel[a, b], with (s, t) the stride. The
    flipped convolution of mathematics is `convolve(image, kernel[::-1, ::-1])`.

    Args:
        image: (n, m), any real dtype.
        kernel: (k, l), any real dtype.
        stride: Steps down and right, each at least 1.

    Returns:
        (floor((n - k) / s) + 1, floor((m - l) / t) + 1) float64: exact for whole numbers up to 2^53.

    Raises:
        ImageError: `image` is no such array.
        UsageError: The kernel is no such array, does not fit into the image, or a stride is below 1.
    """
    if kernel.ndim != 2 or not is_real(kernel):
        raise UsageError(f"a kernel of shape {kernel.shape} {kernel.dtype}: expected (height, width) of real numbers")
    places = strided_windows(image, (kernel.shape[0], kernel.shape[1]), stride, "kernel")
    sums: NDArray[np.float64] = np.einsum("ijab,ab->ij", places, kernel, dtype=np.float64, casting="same_kind")
    return sums
