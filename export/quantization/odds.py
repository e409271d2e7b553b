"""By how much rounding moves answers, in log-odds: near a boundary the same rounding moves a probability most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnnkit.measuring import Limits
from cnnkit.runtime import MOST_DIFFERENCE, OnnxClassifier

LEAST_TOLERANCE = 1e-3  # of a probability
_CEILING_FACTOR = 3.0  # of what 99 % of other images keep
_IMAGES, _QUANTILE, _BATCH = 128, 0.99, 16
_SMALLEST = 1e-4  # a probability below this counts as this: what is far behind may change by much
_WORST_CHANGE = 100.0  # an answer that is no number


def usual_change(floating: OnnxClassifier, model: OnnxClassifier, images: NDArray[np.uint8]) -> float:
    """Returns by how much at most the log-odds of a decision change on 99 % of images.

    They are those of the two likeliest classes, or of the independent label nearest to its limit.

    Args:
        floating: The float32 file.
        model: What rounds.
        images: (N, height, width, channels) uint8, N at least 1; the first 128 are answered.
    """
    parts = []
    for start in range(0, min(len(images), _IMAGES), _BATCH):
        part = images[start : start + _BATCH]
        parts.append(_changes(floating.probabilities(part), model.probabilities(part), floating.spec.label_limits))
    return float(np.quantile(np.concatenate(parts), _QUANTILE))


def difference_ceiling(usual: float) -> float:
    """Returns how far a probability may move on golden images, by what rounding does to others.

    The change that 99 % of images keep, with room, is that of a probability of a half: tanh(change / 4) is how far
    apart the logistic function is at half of it to both sides.

    Args:
        usual: See `usual_change`.
    """
    return min(MOST_DIFFERENCE, max(LEAST_TOLERANCE, float(np.tanh(usual * _CEILING_FACTOR / 4))))


def odds_margins(answers: NDArray[np.floating], limits: Limits = ()) -> NDArray[np.float64]:
    """Returns (N,) of (N, classes) probabilities: how far an answer's log-odds are from those of another decision."""
    decided, _ = _decisive(answers, answers, limits)
    at = np.array(limits)[np.abs(answers - np.array(limits)).argmin(axis=1)] if limits else np.float64(0.5)
    margins: NDArray[np.float64] = np.abs(_odds(decided) - np.log(at / (1 - at)))
    return margins


def _changes(expected: NDArray[np.floating], answers: NDArray[np.floating], limits: Limits) -> NDArray[np.float64]:
    """Returns (N,): by how much the log-odds of (N, classes) probabilities change that are nearest to a decision."""
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(answers).all(axis=1))
    before, after = _decisive(expected, np.where(finite[:, None], answers, 1), limits)
    return np.where(finite, np.abs(_odds(before) - _odds(after)), _WORST_CHANGE)


def _decisive(
    expected: NDArray[np.floating], answers: NDArray[np.floating], limits: Limits
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Returns (N, 2) of both: what speaks against and for the decision that the expected ones are nearest to."""
    if limits:
        nearest = np.abs(expected - np.array(limits)).argmin(axis=1)[:, None]
        ours, theirs = (np.take_along_axis(each, nearest, axis=1) for each in (expected, answers))
        return np.concatenate([1 - ours, ours], axis=1), np.concatenate([1 - theirs, theirs], axis=1)
    pairs = np.argsort(expected, axis=1)[:, -2:]
    return np.take_along_axis(expected, pairs, axis=1), np.take_along_axis(answers, pairs, axis=1)


def _odds(pairs: NDArray[np.floating]) -> NDArray[np.float64]:
    logs = np.log(np.maximum(pairs, _SMALLEST))
    odds: NDArray[np.float64] = logs[:, 1].astype(np.float64) - logs[:, 0]
    return odds
