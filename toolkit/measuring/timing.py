"""Times calls fairly: warmed up, without the garbage collector, and contenders in turns rather than one after another.

A machine slows down and speeds up while it measures (heat, other programs). Contenders measured one after another meet
different machines; measured in short rounds, each in every round, they meet the same one.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import median
from time import perf_counter_ns, sleep

Clock = Callable[[], int]  # nanoseconds from any starting point, never going back

ROUNDS = 20
REST_S = 0.05  # between contenders: threads of an onnxruntime session wait for work on a busy processor for some 30 ms
_WINDOW_CALLS, _WINDOW_MS = 5, 10.0  # a window of the warm-up has at least both
_STABLE = 0.05
_LONGEST_MS = 3_000.0


@dataclass(frozen=True)
class WarmUp:
    """How a warm-up went."""

    calls: int
    stable: bool  # whether the times had settled when it ended
    median_ms: float  # of its last window: what one call takes about


def warm_up(call: Callable[[], object], *, clock: Clock = perf_counter_ns) -> WarmUp:
    """Calls until the times settle: allocation, compilation, caches and clock rates are then behind.

    They have settled when the medians of two windows in a row, each of at least 5 calls and 10 ms, lie within 5 % of
    one another. After 3 seconds it ends all the same.

    Args:
        call: What is warmed up.
        clock: Where the time comes from.
    """
    calls, spent, before = 0, 0.0, math.inf
    while True:
        window: list[float] = []
        while (len(window) < _WINDOW_CALLS or sum(window) < _WINDOW_MS) and spent + sum(window) < _LONGEST_MS:
            start = clock()
            call()
            window.append((clock() - start) / 1e6)
        calls, spent, now = calls + len(window), spent + sum(window), median(window)
        if abs(now - before) <= _STABLE * now:
            return WarmUp(calls, True, now)
        if spent >= _LONGEST_MS:
            return WarmUp(calls, False, now)
        before = now


def time_calls(call: Callable[[], object], runs: int, *, clock: Clock = perf_counter_ns) -> list[float]:
    """Times a call over and over.

    Args:
        call: What to time; it must have finished its work when it returns.
        runs: How often.
        clock: Where the time comes from.

    Returns:
        One time a run, in milliseconds, in the order of running.
    """
    stamps = []
    with no_garbage_collection():
        for _ in range(runs):
            start = clock()
            call()
            stamps.append((start, clock()))
    return [(end - start) / 1e6 for start, end in stamps]


def time_interleaved(
    contenders: Mapping[str, Callable[[], object]],
    *,
    warmup: int,
    runs: int,
    rounds: int = ROUNDS,
    clock: Clock = perf_counter_ns,
    rest: Callable[[float], object] = sleep,
) -> dict[str, list[float]]:
    """Times contenders in turns, each of which begins with a rest and an untimed call.

    Args:
        contenders: Name -> what to time.
        warmup: Untimed calls of each before the first round.
        runs: Timed calls of each, over all rounds.
        rounds: How many turns each gets; no more than `runs`.
        clock: Where the time comes from.
        rest: Waits some seconds, so that none is timed beside threads of the one before.

    Returns:
        Name -> one time a run, in milliseconds, in the order of running; `numpy.array_split(times, rounds)` gives the
        rounds.
    """
    for call in contenders.values():
        for _ in range(warmup):
            call()
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(min(rounds, runs)):
        for name in turn_order(list(contenders), turn):
            if len(contenders) > 1:
                rest(REST_S)
                contenders[name]()
            times[name] += time_calls(contenders[name], runs_in_round(runs, rounds, turn), clock=clock)
    return times


def by_round(times: Sequence[float], runs: Sequence[int] = ()) -> list[Sequence[float]]:
    """Returns times in their rounds.

    Args:
        times: In the order of running.
        runs: How many of them belong to each round; empty where they were divided evenly into the usual number.
    """
    if not runs:
        rounds = max(1, min(ROUNDS, len(times)))
        runs = [runs_in_round(len(times), rounds, turn) for turn in range(rounds)]
    ends = list(accumulate(runs, initial=0))
    return [times[start:end] for start, end in pairwise(ends)]


def turn_order(names: Sequence[str], turn: int) -> Iterator[str]:
    """Gives the names in their order in one round: each round begins with another, as going first may matter."""
    start = turn % max(1, len(names))
    yield from names[start:]
    yield from names[:start]


def runs_in_round(runs: int, rounds: int, turn: int) -> int:
    """Returns how many of `runs` fall into round `turn` (from 0), as `numpy.array_split` divides."""
    rounds = max(1, min(rounds, runs))
    return runs // rounds + (turn < runs % rounds)


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Keeps the garbage collector out of what is timed; it runs before."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
