"""Measures contenders side by side: in turns, so that a change of the machine meets all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from cnnkit.bench.contenders import BenchOptions, Contender
from cnnkit.bench.plan import latency_runs, throughput_runs
from cnnkit.bench.runner import Loaded, Runner
from cnnkit.messages import log
from cnnkit.timing import ROUNDS, runs_in_round, turn_order

WARMUP = 10  # untimed calls before all else: allocation, compilation, clock rates
LEAD_IN = 2  # untimed calls at the start of each turn: another process had the caches
_ESTIMATES = 5
_BATCH_ROUNDS = 5
_BATCH_WARMUP = 2
_STAGE_ROUNDS, _STAGE_RUNS = 5, 20
_PAUSE_S = 0.02  # idle threads of the contender before it spin for some milliseconds


@dataclass(frozen=True)
class Timed:
    """What was measured of one contender, unsummarised; times in milliseconds in the order of running."""

    loaded: Loaded
    latency_ms: tuple[float, ...]  # batch 1
    batch_ms: tuple[float, ...]  # of options.batch_size images
    peak_memory_bytes: int | None  # after both
    stages_ms: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  # of a model, see `cnnkit.bench.stages`


def time_contenders(
    contenders: Sequence[Contender],
    runners: Mapping[str, Runner],
    options: BenchOptions,
    *,
    pause: Callable[[float], object] = time.sleep,
) -> dict[str, Timed]:
    """Measures latency at batch 1, then throughput, then reads the peak memory.

    Args:
        contenders: What to measure.
        runners: Name -> loaded contender, or one that is loading.
        options: How to measure.
        pause: Waits some seconds.

    Returns:
        Name -> times. Those of one contender were made in `rounds_of(times)` rounds.

    Raises:
        ModelError: A contender cannot be loaded or run, or its process died.
    """
    log.info("loading %s", ", ".join(contender.name for contender in contenders))
    loaded = {name: runner.loaded() for name, runner in runners.items()}
    plan = {contender.name: _latency_plan(contender, runners[contender.name], options) for contender in contenders}
    log.info("timing batches of 1, %s runs", ", ".join(f"{runs:,}" for runs in plan.values()))
    latency = _in_turns(runners, plan, 1, ROUNDS, pause)
    plan = {name: _throughput_plan(runner, options.batch_size) for name, runner in runners.items()}
    log.info("timing batches of %d", options.batch_size)
    batches = _in_turns(runners, plan, options.batch_size, _BATCH_ROUNDS, pause)
    peaks = {name: runner.peak_memory_bytes() for name, runner in runners.items()}  # before images are decoded as well
    stages = _stages_in_turns(runners, options.photo, pause)
    return {
        name: Timed(loaded[name], tuple(latency[name]), tuple(batches[name]), peaks[name], stages[name])
        for name in runners
    }


def _stages_in_turns(
    runners: Mapping[str, Runner], photo: Path, pause: Callable[[float], object]
) -> dict[str, dict[str, tuple[float, ...]]]:
    """Times the stages of those contenders that have any."""
    found: dict[str, dict[str, tuple[float, ...]]] = {name: {} for name in runners}
    for turn in range(_STAGE_ROUNDS):
        for name in turn_order(list(runners), turn):
            pause(_PAUSE_S)
            times = runners[name].stages(photo, _STAGE_RUNS, WARMUP if turn == 0 else LEAD_IN) or {}
            for stage, values in times.items():
                found[name][stage] = (*found[name].get(stage, ()), *values)
    return found


def rounds_of(plan: Mapping[str, Sequence[float]]) -> int:
    """Returns in how many rounds latencies were measured."""
    return min(ROUNDS, *(len(times) for times in plan.values()))


def _latency_plan(contender: Contender, runner: Runner, options: BenchOptions) -> int:
    estimate = median(runner.time(1, _ESTIMATES, WARMUP))
    return options.runs or latency_runs(contender.kind, estimate)


def _throughput_plan(runner: Runner, batch_size: int) -> int:
    return throughput_runs(median(runner.time(batch_size, 1, _BATCH_WARMUP)))


def _in_turns(
    runners: Mapping[str, Runner],
    plan: Mapping[str, int],
    batch_size: int,
    rounds: int,
    pause: Callable[[float], object],
) -> dict[str, list[float]]:
    rounds = min(rounds, *plan.values())
    lead_in = LEAD_IN if batch_size == 1 else 1
    times: dict[str, list[float]] = {name: [] for name in runners}
    for turn in range(rounds):
        for name in turn_order(list(runners), turn):
            pause(_PAUSE_S)
            times[name] += runners[name].time(batch_size, runs_in_round(plan[name], rounds, turn), lead_in)
    return times
