from __future__ import annotations

import numpy as np
import pytest

from cnnkit.measuring.statistics import percentile, percentile_intervals, ratio_of_medians


def drifting(rng: np.random.Generator, rounds: int = 20, runs: int = 50) -> np.ndarray:
    """Times whose rounds differ from one another, as on a shared machine."""
    level = rng.normal(10.0, 1.0, rounds)
    return np.stack([rng.normal(middle, 0.5, runs) for middle in level])


@pytest.mark.parametrize("q", [50, 90])
def test_the_interval_of_a_percentile_holds_it_about_95_times_in_100(q):
    rng = np.random.default_rng(0)
    true = float(np.percentile(np.random.default_rng(1).normal(10.0, np.hypot(1.0, 0.5), 200_000), q))
    intervals = [percentile_intervals(drifting(rng), [q], resamples=400)[q] for _ in range(150)]
    held = np.mean([found.low <= true <= found.high for found in intervals])
    assert 0.86 <= held <= 0.99  # 20 rounds are few: the bootstrap is a little too narrow
    assert all(found.low <= found.value <= found.high for found in intervals)


def test_rounds_are_drawn_and_not_runs():
    rng = np.random.default_rng(0)
    times = drifting(rng)
    shuffled = rng.permutation(times.ravel()).reshape(times.shape)  # without what the runs of a round have in common
    by_rounds, by_runs = (percentile_intervals(each, [50])[50] for each in (times, shuffled))
    assert by_rounds.high - by_rounds.low > 2 * (by_runs.high - by_runs.low)


@pytest.mark.parametrize(("n", "q", "there"), [(10, 50, False), (11, 50, True), (661, 99, False), (662, 99, True)])
def test_no_interval_without_enough_runs(n, q, there):
    assert (q in percentile_intervals([[1.0] * n], [q])) == there


def test_the_ratio_of_constant_times_is_exact():
    found = ratio_of_medians([[6.0] * 2] * 20, [[2.0] * 4] * 20)
    assert (found.value, found.low, found.high) == (3.0, 3.0, 3.0)


def test_samples_of_rounds_have_the_percentiles_that_numpy_says():
    rng = np.random.default_rng(3)
    rounds = [list(rng.gamma(9, 0.1, size)) for size in (400, 300, 5, 40)]
    found = percentile_intervals(rounds, [50, 90], resamples=300, seed=4)
    draws = np.random.default_rng(4).integers(4, size=(300, 4))
    for q in (50, 90):
        expected = [percentile([ms for index in draw for ms in rounds[index]], q) for draw in draws]
        assert (found[q].low, found[q].high) == pytest.approx(tuple(np.percentile(expected, [2.5, 97.5])))
        assert found[q].value == pytest.approx(percentile([ms for part in rounds for ms in part], q))


def test_rounds_that_only_one_has_do_not_count():
    found = ratio_of_medians([[6.0] * 3, [6.0] * 3, [60.0] * 9], [[2.0] * 3, [2.0] * 2])
    assert (found.value, found.low, found.high) == (3.0, 3.0, 3.0)
