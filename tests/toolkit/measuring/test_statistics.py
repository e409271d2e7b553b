from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from cnnkit.measuring.statistics import (
    enough_runs,
    paired_drop_interval,
    percentile,
    ratio_of_medians,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("values", "q", "expected"),
    [
        pytest.param([3, 1, 2], 50, 2, id="median of unsorted"),
        pytest.param([1, 2, 3, 4], 50, 2.5, id="between two"),
        pytest.param(range(101), 99, 99, id="p99 of 0..100"),
        pytest.param([7], 90, 7, id="one value"),
    ],
)
def test_percentile(values, q, expected):
    assert percentile(list(values), q) == expected


@pytest.mark.parametrize(
    ("q", "runs"),
    [
        pytest.param(50, 11, id="p50"),
        pytest.param(90, 64, id="p90"),
        pytest.param(95, 130, id="p95"),
        pytest.param(99, 662, id="p99"),
    ],
)
def test_enough_runs(q, runs):
    assert enough_runs(q) == runs


def test_two_runs_lie_beyond_p90_as_often_as_the_rule_says():
    samples = np.random.default_rng(0).random((20_000, enough_runs(90)))
    share = ((samples > 0.9).sum(axis=1) >= 2).mean()
    assert share == pytest.approx(0.99, abs=0.003)


# Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3.
@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        pytest.param(81, 263, 0.2553, 0.3662, id="81/263"),
        pytest.param(15, 148, 0.0624, 0.1605, id="15/148"),
        pytest.param(0, 20, 0.0, 0.1611, id="0/20"),
        pytest.param(1, 29, 0.0061, 0.1718, id="1/29"),
    ],
)
def test_wilson_interval_against_published_values(successes, n, low, high):
    assert wilson_interval(successes, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_proportion_and_mirrors(case):
    successes, n = case
    low, high = wilson_interval(successes, n)
    assert 0 <= low <= successes / n <= high <= 1
    assert wilson_interval(n - successes, n) == pytest.approx((1 - high, 1 - low))


def pairs(both: int, only_a: int, only_b: int, neither: int) -> tuple[list[bool], list[bool]]:
    """Answers of a and b with so many of each kind."""
    a = [True] * both + [True] * only_a + [False] * only_b + [False] * neither
    b = [True] * both + [False] * only_a + [True] * only_b + [False] * neither
    return a, b


def test_paired_drop_by_hand():
    # p_a = 2/23, p_b = 8/23: -6/23 -+ 1.95996 sqrt((10/23 - 36/529) / 23)
    assert paired_drop_interval(*pairs(1, 1, 7, 12)) == pytest.approx((-6 / 21, -0.50836, -0.01338), abs=1e-5)


def test_paired_drop_is_zero_where_both_are_equally_right():
    drop, low, high = paired_drop_interval(*pairs(900, 5, 5, 90))
    assert drop == 0
    assert low == pytest.approx(-high)


def test_paired_drop_is_narrower_than_two_separate_intervals():
    _, low, high = paired_drop_interval(*pairs(8300, 40, 30, 1630))
    separate = wilson_interval(8340, 10_000)
    assert high - low < (separate[1] - separate[0]) / 4


def test_paired_drop_covers_the_truth():
    random = np.random.default_rng(1)
    hits = 0
    for _ in range(1000):
        a = random.random(400) < 0.85
        b = np.where(random.random(400) < 0.1, random.random(400) < 0.55, a)
        _, low, high = paired_drop_interval(a, b)
        hits += low <= 0.1 * (0.85 - 0.55) <= high
    assert hits / 1000 == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(
    ("a", "b"),
    [pytest.param([True], [True, False], id="lengths"), pytest.param([], [], id="empty")],
)
def test_paired_drop_wants_pairs(a, b):
    with pytest.raises(ValueError, match="same length above 0"):
        paired_drop_interval(a, b)


def noisy(seed: int, scale: float, n: int = 400) -> np.ndarray:
    """Twenty rounds of times."""
    return scale * np.random.default_rng(seed).lognormal(sigma=0.2, size=(20, n // 20))


def test_ratio_of_equal_shapes_is_exact():
    times = noisy(0, 1)
    ratio = ratio_of_medians(2 * times, times)
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((2, 2, 2))


def test_ratio_interval_is_the_same_for_the_same_seed_only():
    slow, fast = noisy(0, 3), noisy(1, 2)
    assert ratio_of_medians(slow, fast, seed=7) == ratio_of_medians(slow, fast, seed=7)
    assert ratio_of_medians(slow, fast, seed=7) != ratio_of_medians(slow, fast, seed=8)


def test_ratio_interval_covers_the_truth():
    hits = 0
    for seed in range(150):
        ratio = ratio_of_medians(noisy(seed, 3), noisy(1000 + seed, 2, n=300), resamples=200)
        hits += ratio.low <= 1.5 <= ratio.high
    assert 0.85 <= hits / 150 <= 1


def test_ratio_interval_knows_that_runs_of_a_round_resemble_one_another():
    speeds = np.repeat(np.random.default_rng(2).lognormal(sigma=0.2, size=20), 20)
    unlike = ratio_of_medians(speeds.reshape(20, 20), np.ones((20, 20)))
    mixed = ratio_of_medians(speeds.reshape(400, 1), np.ones((400, 1)))
    assert unlike.high - unlike.low > 2 * (mixed.high - mixed.low)


def test_ratio_of_single_runs():
    assert ratio_of_medians([[3.0]], [[2.0]]).value == 1.5
