from __future__ import annotations

import gc
from statistics import median

import numpy as np
import pytest
from fake_clock import FakeClock
from hypothesis import given, strategies as st

from cnnkit.measuring.timing import WarmUp, runs_in_round, time_calls, time_interleaved, turn_order, warm_up


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture(autouse=True)
def _with_rests(_without_rests: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnnkit.measuring.timing.REST_S", 0.05)


def test_times_are_milliseconds_in_order(clock):
    durations = iter([2.0, 0.5, 3.25])
    assert time_calls(lambda: clock.spend(next(durations)), 3, clock=clock) == [2.0, 0.5, 3.25]


def test_no_garbage_is_collected_while_timing(clock):
    seen = []
    time_calls(lambda: seen.append(gc.isenabled()), 2, clock=clock)
    assert (seen, gc.isenabled()) == ([False, False], True)


def test_garbage_collection_is_on_again_after_an_error(clock):
    with pytest.raises(ZeroDivisionError):
        time_calls(lambda: 1 // 0, 1, clock=clock)
    assert gc.isenabled()


def test_garbage_collection_stays_off_where_it_was_off(clock):
    gc.disable()
    try:
        time_calls(lambda: None, 1, clock=clock)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_contenders_are_warmed_up_and_take_turns_after_a_rest(clock):
    order: list[str] = []
    contenders = {name: lambda name=name: order.append(name) for name in "ab"}
    times = time_interleaved(
        contenders, warmup=1, runs=5, rounds=2, clock=clock, rest=lambda seconds: order.append("-" if seconds else "")
    )
    assert "".join(order) == "ab" + "-aaaa-bbbb" + "-bbb-aaa"
    assert times == {"a": [0.0] * 5, "b": [0.0] * 5}


def test_a_machine_that_slows_down_does_not_favour_the_first(clock):
    calls = 0

    def equally_fast() -> None:
        nonlocal calls
        calls += 1
        clock.spend(1 + calls / 100)  # three times as slow after 200 calls

    one_by_one = [median(time_calls(equally_fast, 100, clock=clock)) for _ in range(2)]
    assert one_by_one[1] / one_by_one[0] > 1.5
    calls = 0
    turns = time_interleaved({"a": equally_fast, "b": equally_fast}, warmup=0, runs=100, clock=clock)
    assert median(turns["b"]) / median(turns["a"]) == pytest.approx(1, abs=0.03)


def test_fewer_runs_than_rounds_and_no_rest_of_one_alone(clock):
    times = time_interleaved(
        {"a": lambda: clock.spend(1)}, warmup=0, runs=3, rounds=20, clock=clock, rest=lambda _: pytest.fail("rests")
    )
    assert times == {"a": [1.0] * 3}


@pytest.mark.parametrize(
    ("turn", "order"),
    [
        pytest.param(0, "abc", id="first"),
        pytest.param(1, "bca", id="second"),
        pytest.param(5, "cab", id="goes round"),
    ],
)
def test_each_round_begins_with_another(turn, order):
    assert "".join(turn_order("abc", turn)) == order


@given(runs=st.integers(1, 500), rounds=st.integers(1, 40))
def test_rounds_are_those_of_array_split(runs, rounds):
    used = min(rounds, runs)
    sizes = [runs_in_round(runs, rounds, turn) for turn in range(used)]
    assert sizes == [len(part) for part in np.array_split(np.zeros(runs), used)]


@pytest.mark.parametrize(
    ("durations", "expected"),
    [
        # windows of 5 calls and 10 ms at least
        pytest.param([4.0] * 10, WarmUp(10, True, 4.0), id="settled at once"),
        pytest.param([0.5] * 40, WarmUp(40, True, 0.5), id="short calls"),
        pytest.param([100.0] + [4.0] * 9, WarmUp(10, True, 4.0), id="a slow first call is not the median"),
        pytest.param([8.0] * 5 + [4.0] * 10, WarmUp(15, True, 4.0), id="faster after a while"),
        pytest.param([4.0] * 5 + [4.2] * 5, WarmUp(10, True, 4.2), id="within 5 %"),
        pytest.param([4.0] * 5 + [4.3] * 10, WarmUp(15, True, 4.3), id="not within 5 %"),
        pytest.param([700.0] * 5, WarmUp(5, False, 700.0), id="too slow for two windows"),
        pytest.param([4000.0], WarmUp(1, False, 4000.0), id="too slow for one window"),
        pytest.param([float(2 + index // 5 % 2) for index in range(1200)], WarmUp(1200, False, 3.0), id="never"),
    ],
)
def test_warm_up_lasts_until_times_settle(clock, durations, expected):
    left = iter(durations)
    assert warm_up(lambda: clock.spend(next(left)), clock=clock) == expected
