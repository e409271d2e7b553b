"""Which part of an image carries an answer, by many random masks at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cnnkit.explaining.perturbing import Perturbed
from cnnkit.system import import_cv2

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CELLS = 7  # of a mask along the longer side, as in the source
_KEPT = 0.5  # probability that a cell is kept, as in the source
_QUANTILE = 1.96  # of the normal distribution, two-sided 95 %
_LEAST_VARIANCE = 1e-6  # of a pixel that as good as all masks keep, or cover
_PART = 64  # masks at a time: they are as large as the image


def masks_map(perturbed: Perturbed, count: int, seed: int) -> NDArray[np.float32]:
    """Measures by how much the score rises where random masks keep the image.

    Masks are grids of kept and covered cells, enlarged smoothly and shifted at random, as in Petsiuk et al., "RISE:
    Randomized Input Sampling for Explanation of Black-box Models", arXiv:1806.07421. There a pixel's value is the mean
    score of the masks, weighted by what they keep of it; here it is the slope of the regression of the score on that,
    which has the same expectation up to scale, and is free of the noise of how many masks happened to keep the pixel.
    Of the slope its lower bound of 95 % is given, so that what may be chance alone is 0 or less.

    Args:
        perturbed: The image.
        count: Masks, of which each is an evaluation.
        seed: Of the masks.

    Returns:
        (height, width) float32.
    """
    generator = np.random.default_rng(seed)
    shape = perturbed.height, perturbed.width
    weighted, kept, squares = np.zeros((3, *shape), np.float64)
    drawn: list[NDArray[np.float64]] = []
    for start in range(0, count, _PART):
        masks = _draw(generator, min(_PART, count - start), *shape)
        scores = perturbed.masked_scores(masks)
        weighted += np.tensordot(scores, masks, 1)
        kept += masks.sum(axis=0)
        squares += np.square(masks).sum(axis=0)
        drawn.append(scores)
    scores = np.concatenate(drawn)
    variance = np.maximum(squares / count - np.square(kept / count), _LEAST_VARIANCE)
    slope = (weighted / count - kept / count * scores.mean()) / variance
    lower: NDArray[np.float32] = (slope - _QUANTILE * np.sqrt(scores.var() / variance / count)).astype(np.float32)
    return lower


def _draw(generator: np.random.Generator, count: int, height: int, width: int) -> NDArray[np.float32]:
    """Returns (count, height, width) float32 in 0 (covered) to 1 (kept)."""
    cv2 = import_cv2()
    cell = math.ceil(max(height, width) / _CELLS)
    rows, columns = math.ceil(height / cell) + 1, math.ceil(width / cell) + 1
    grids = (generator.random((count, rows, columns)) < _KEPT).astype(np.float32)
    shifts = generator.integers(0, cell, (count, 2))
    masks = np.empty((count, height, width), np.float32)
    for mask, grid, (down, right) in zip(masks, grids, shifts, strict=True):
        large = cv2.resize(grid, (columns * cell, rows * cell), interpolation=cv2.INTER_LINEAR)
        mask[:] = large[down : down + height, right : right + width]
    return masks
