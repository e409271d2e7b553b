from __future__ import annotations

import numpy as np
import pytest

from cnnkit.statistics import percentile_interval, ratio_of_medians


def drifting(rng: np.random.Generator, rounds: int = 20, runs: int = 50) -> np.ndarray:
    """Times whose rounds differ from one another, as on a shared machine."""
    level = rng.normal(10.0, 1.0, rounds)
    return np.concatenate([rng.normal(middle, 0.5, runs) for middle in level])


@pytest.mark.parametrize("q", [50, 90])
def test_the_interval_of_a_percentile_holds_it_about_95_times_in_100(q):
    rng = np.random.default_rng(0)
    true = float(np.percentile(np.random.default_rng(1).normal(10.0, np.hypot(1.0, 0.5), 200_000), q))
    intervals = [percentile_interval(drifting(rng), q, resamples=400) for _ in range(150)]
    held = np.mean([found.low <= true <= found.high for found in intervals])
    assert 0.86 <= held <= 0.99  # 20 rounds are few: the bootstrap is a little too narrow
    assert all(found.low <= found.value <= found.high for found in intervals)


def test_rounds_are_drawn_and_not_runs():
    rng = np.random.default_rng(0)
    times = drifting(rng)
    shuffled = rng.permutation(times)  # the same runs, without what the rounds have in common
    by_rounds, by_runs = percentile_interval(times, 50), percentile_interval(shuffled, 50)
    assert by_rounds.high - by_rounds.low > 2 * (by_runs.high - by_runs.low)


@pytest.mark.parametrize(("n", "q", "there"), [(10, 50, False), (11, 50, True), (661, 99, False), (662, 99, True)])
def test_no_interval_without_enough_runs(n, q, there):
    assert (percentile_interval([1.0] * n, q) is not None) == there


def test_the_ratio_of_constant_times_is_exact():
    found = ratio_of_medians([6.0] * 40, [2.0] * 80)
    assert (found.value, found.low, found.high) == (3.0, 3.0, 3.0)
