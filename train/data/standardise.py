"""Two scalars that standardise a dataset's pixels."""

from __future__ import annotations

import numpy as np

from cnnkit.train.data.dataset import Split


def fit_standardisation(split: Split) -> tuple[int, float]:
    """Returns z and s of x = (pixel - z) / s.

    Args:
        split: The training images: never validation or test images.

    Returns:
        z, the mean of all pixels rounded to a whole number (so that a quantized graph can take bytes as they are,
        with z as their zero point), and s, the standard deviation of all pixels, at least 1.
    """
    facts = split.facts()
    count = len(split) * split.read(np.arange(1)).size
    total, squares = int(facts.sums.sum()), int(facts.squares.sum())
    variance = (squares * count - total**2) / count**2  # in whole numbers up to the division, so that nothing cancels
    return round(total / count), max(1.0, round(variance**0.5, 4))
