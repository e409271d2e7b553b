"""Two scalars that standardise a dataset's pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def fit_standardisation(images: NDArray[np.uint8]) -> tuple[int, float]:
    """Returns z and s of x = (pixel - z) / s.

    Args:
        images: The training images, uint8 in 0..255: never validation or test images.

    Returns:
        z, the mean of all pixels rounded to a whole number (so that a quantized graph can take bytes as they are,
        with z as their zero point), and s, the standard deviation of all pixels, at least 1.
    """
    histogram = np.bincount(images.reshape(-1), minlength=256).astype(np.float64)
    values = np.arange(256)
    mean = float(histogram @ values / histogram.sum())
    variance = float(histogram @ (values - mean) ** 2 / histogram.sum())
    return round(mean), max(1.0, round(variance**0.5, 4))
