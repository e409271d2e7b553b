"""How well a model's confidence says how often it is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15


@dataclass(frozen=True)
class Calibration:
    """Answers in bins of equal width by their confidence: bin m is above m/15 and up to (m+1)/15."""

    counts: NDArray[np.int64]  # (15,) answers in each bin
    accuracy: NDArray[np.float64]  # (15,) share of right answers; NaN in empty bins
    confidence: NDArray[np.float64]  # (15,) mean confidence; NaN in empty bins
    error: float  # the expected calibration error, 0 to 1


def measure_calibration(confidences: NDArray[np.float32], correct: NDArray[np.bool_]) -> Calibration:
    """Measures the expected calibration error with 15 bins.

        ECE = sum over the bins of n_bin / n * |accuracy_bin - confidence_bin|

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, arXiv:1706.04599, equation 3.

    Args:
        confidences: (N,) probability of each image's likeliest class, 0 to 1.
        correct: (N,) whether that class is right.
    """
    exact = confidences.astype(np.float64)
    # float32 edges: a float32 0.2 is a little above 3/15 as float64 and still belongs to the bin below it.
    edges = (np.arange(1, BINS) / BINS).astype(np.float32)
    bins = np.searchsorted(edges, confidences, side="left")
    counts = np.bincount(bins, minlength=BINS)
    with np.errstate(invalid="ignore"):
        accuracy = np.bincount(bins, correct, BINS) / counts
        confidence = np.bincount(bins, exact, BINS) / counts
    error = np.nansum(counts * np.abs(accuracy - confidence)) / len(exact)
    return Calibration(counts, accuracy, confidence, float(error))
