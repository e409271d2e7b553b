"""The statistics behind every claim: percentiles with a sample-size rule, intervals for accuracies and ratios."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 2000


@dataclass(frozen=True)
class Interval:
    """An estimate with the bounds of its confidence interval."""

    value: float
    low: float
    high: float


def percentile(values: ArrayLike, q: float) -> float:
    """Returns the q-th percentile (0 to 100) of values in any order, interpolated linearly (Hyndman and Fan's 7th)."""
    return float(np.percentile(np.asarray(values, dtype=np.float64), q))


@cache
def enough_runs(q: float, *, confidence: float = 0.99) -> int:
    """Returns how many runs a percentile takes: 11 for p50, 64 for p90, 130 for p95, 662 for p99.

    It is the smallest n of which, with this confidence, at least two runs lie beyond the true percentile, so that the
    percentile rests on more than one slow run:

        p^n + n (1 - p) p^(n-1) <= 1 - confidence,    p = q / 100

    the least query count of the early stopping rule of MLPerf Inference (LoadGen).

    Args:
        q: Percentile, above 0 and below 100.
        confidence: 0 to 1.
    """
    p = q / 100
    n = 2
    while p**n + n * (1 - p) * p ** (n - 1) > 1 - confidence:
        n += 1
    return n


def percentile_intervals(
    rounds: Sequence[Sequence[float]],
    quantiles: Sequence[float],
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[float, Interval]:
    """Returns percentiles with bootstrap intervals over rounds, those for which there are enough values.

    Rounds are drawn, not runs, for the reason that `ratio_of_medians` gives.

    Args:
        rounds: The values of each round.
        quantiles: Percentiles, above 0 and below 100.
        confidence: 0 to 1.
        resamples: Bootstrap samples.
        seed: The same seed gives the same interval.
    """
    values = [value for part in rounds for value in part]
    wanted = [q for q in quantiles if len(values) >= enough_runs(q)]
    if not wanted:
        return {}
    drawn = _Rounds(rounds).percentiles(_drawn(len(rounds), resamples, seed), wanted)
    tail = 50 * (1 - confidence)
    bounds = np.percentile(drawn, [tail, 100 - tail], axis=0)
    return {
        q: Interval(percentile(values, q), float(low), float(high))
        for q, low, high in zip(wanted, *bounds, strict=True)
    }


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Returns the Wilson score interval of a proportion (Wilson, 1927), as fractions.

    Args:
        successes: 0 to n.
        n: Number of trials, at least 1.
        confidence: 0 to 1.
    """
    z = _z(confidence)
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # At the ends the bound is 0 or 1 exactly; rounding must not say otherwise.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return low, high


def paired_drop_interval(
    correct_a: ArrayLike, correct_b: ArrayLike, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Returns how much accuracy is lost from a to b on the same images, with its interval.

    The interval is Wald's for paired proportions with the adjustment of Bonett and Price (2012): one is added to either
    count of images on which a and b differ. Being paired it is far narrower than what two separate intervals suggest.

    Args:
        correct_a: (N,) bool, whether a was right on each image.
        correct_b: (N,) bool, the same images in the same order.
        confidence: 0 to 1.

    Returns:
        Drop, low, high as fractions; positive where b is worse.

    Raises:
        ValueError: The lengths differ or are 0.
    """
    a, b = np.asarray(correct_a, dtype=bool), np.asarray(correct_b, dtype=bool)
    if a.shape != b.shape or a.ndim != 1 or not a.size:
        raise ValueError(f"paired answers of shapes {a.shape} and {b.shape}, expected two of the same length above 0")
    n, only_a, only_b = a.size, int(np.sum(a & ~b)), int(np.sum(b & ~a))
    p_a, p_b = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    half = _z(confidence) * math.sqrt((p_a + p_b - (p_a - p_b) ** 2) / (n + 2))
    return (only_a - only_b) / n, max(-1.0, p_a - p_b - half), min(1.0, p_a - p_b + half)


def macro_f1(targets: ArrayLike, predicted: ArrayLike) -> float:
    """Returns the mean over the classes of F1, the harmonic mean of precision and recall.

    Classes that are neither a target nor predicted do not count, as in scikit-learn.

    Args:
        targets: (N,) int, indices of the right classes, N at least 1.
        predicted: (N,) int.
    """
    true, given = np.asarray(targets, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    classes = int(max(true.max(), given.max())) + 1
    of_class, as_class = np.bincount(true, minlength=classes), np.bincount(given, minlength=classes)
    right = np.bincount(true[true == given], minlength=classes)
    there = of_class + as_class > 0
    return float((2 * right[there] / (of_class + as_class)[there]).mean())


def mcnemar_p_value(only_a: int, only_b: int) -> float:
    """Returns the two-sided p-value of the exact test of McNemar (1947): that a and b are right equally often.

    Of the images on which one alone is right, each is as likely to be a's as b's where they are equally good: their
    number is binomial with probability 1/2.

    Args:
        only_a: Images on which a is right and b is not.
        only_b: Images on which b is right and a is not.
    """
    n, least = only_a + only_b, min(only_a, only_b)
    logs = (
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2) for k in range(least + 1)
    )
    return min(1.0, 2 * math.fsum(math.exp(value) for value in logs))


def ratio_of_medians(
    numerator: Sequence[Sequence[float]],
    denominator: Sequence[Sequence[float]],
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Returns the ratio of two medians with a bootstrap interval over rounds.

    Times within a round resemble one another, so rounds are drawn, not runs; and as both were measured in the same
    rounds, the same rounds are drawn for both. Rounds that only one of them has, as after an interruption, do not
    count.

    Args:
        numerator: The times of each round.
        denominator: The same for the other contender, which may have more or fewer runs in each round.
        confidence: 0 to 1.
        resamples: Bootstrap samples.
        seed: The same seed gives the same interval.
    """
    count = min(len(numerator), len(denominator))
    draws = _drawn(count, resamples, seed)
    above, below = (_Rounds(rounds[:count]) for rounds in (numerator, denominator))
    ratios = above.percentiles(draws, [50])[:, 0] / below.percentiles(draws, [50])[:, 0]
    tail = 50 * (1 - confidence)
    low, high = np.percentile(ratios, [tail, 100 - tail])
    return Interval(above.median() / below.median(), float(low), float(high))


def _drawn(rounds: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """Returns (resamples, rounds): how often each round is drawn."""
    draws = np.random.default_rng(seed).integers(rounds, size=(resamples, rounds))
    return np.stack([(draws == index).sum(axis=1) for index in range(rounds)], axis=1)


class _Rounds:
    """Values of several rounds, sorted once, so that samples of the rounds need not be.

    Args:
        rounds: The values of each.
    """

    def __init__(self, rounds: Sequence[Sequence[float]]) -> None:
        values = np.concatenate([np.asarray(part, dtype=np.float64) for part in rounds])
        order = np.argsort(values, kind="stable")
        self._values = values[order]
        self._round = np.repeat(np.arange(len(rounds)), [len(part) for part in rounds])[order]

    def median(self) -> float:
        """Returns the median of all values."""
        return float(np.median(self._values))

    def percentiles(self, draws: NDArray[np.int64], quantiles: Sequence[float]) -> NDArray[np.float64]:
        """Returns (samples, quantiles): percentiles of samples in which each round is there as often as drawn."""
        found = np.empty((len(draws), len(quantiles)))
        for row, counts in enumerate(draws):
            ends = np.cumsum(counts[self._round])  # how many values of the sample lie up to each value
            places = np.asarray(quantiles) / 100 * (ends[-1] - 1)
            below = np.floor(places)
            low, high = (self._values[np.searchsorted(ends, place, side="right")] for place in (below, np.ceil(places)))
            found[row] = low + (high - low) * (places - below)
        return found


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)
