"""Measures contenders side by side: in turns, so that a change of the machine meets all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from time import process_time
from typing import Any

from cnnkit.bench.contenders import Contender, loading_of
from cnnkit.bench.measuring.cold_start import ColdStart, measure_cold_starts
from cnnkit.bench.measuring.machine_load import MachineLoad, ProcessorTimes, load_during, processor_times
from cnnkit.bench.measuring.pace import Paced
from cnnkit.bench.measuring.plan import (
    batch_lead_in,
    fitting_batch,
    latency_runs,
    lead_in,
    paced_runs,
    runs_in,
    throughput_runs,
)
from cnnkit.bench.measuring.profile import Profile, read_profile
from cnnkit.bench.measuring.runner import Runner
from cnnkit.bench.measuring.sweep import SweepPoint, batch_sizes, thread_counts
from cnnkit.bench.options import BenchOptions
from cnnkit.bench.subjects import Loaded
from cnnkit.errors import ModelError
from cnnkit.measuring import REST_S, ROUNDS, WarmUp, by_round, runs_in_round, turn_order
from cnnkit.system import log

_WARMUP = 10  # untimed calls before the stages
_BATCH_ROUNDS = 5
_PACED_ROUNDS = 10
_STAGE_ROUNDS, _STAGE_RUNS = 5, 20
_PROFILE_RUNS = 100
_STAGE_MS, _PROFILE_MS = 500.0, 5_000.0  # of one turn, and of all: fewer runs where they are slow
# They cost tens of milliseconds a call; starting them takes what the original as a function takes, which is seconds.
_KERAS_CALLS = ("original-predict", "original-batch")


@dataclass(frozen=True)
class Timed:
    """What was measured of one contender, unsummarised; times in milliseconds in the order of running."""

    loaded: Loaded
    latency_ms: tuple[float, ...]  # batch 1
    batch_ms: tuple[float, ...]  # of options.batch_size images
    peak_memory_bytes: int | None  # after both
    stages_ms: Mapping[str, tuple[float, ...]] = field(
        default_factory=dict
    )  # of a model, see `cnnkit.bench.measuring.stages`
    latency_runs: tuple[int, ...] = ()  # of latency_ms, in each round
    paced_runs: tuple[int, ...] = ()  # of paced_ms, in each round
    warm_up: WarmUp | None = None  # at batch 1
    paced_ms: tuple[float, ...] = ()  # batch 1, at options.fps
    dropped: int = 0  # frames that came too soon at that pace
    cold_start: ColdStart | None = None
    sweep: tuple[SweepPoint, ...] = ()
    profile: Profile | None = None


class Measuring:
    """Measures step by step, and keeps what was measured so far when it is interrupted.

    Args:
        contenders: What to measure.
        runners: Name -> loaded contender, or one that is loading.
        options: How to measure.
        load_before: See `cnnkit.bench.measuring.machine_load`.
        pause: Waits some seconds.
        cold_starts: Measures contenders in processes of their own.
        processors: Reads how long the machine's processors have worked.
    """

    def __init__(
        self,
        contenders: Sequence[Contender],
        runners: Mapping[str, Runner],
        options: BenchOptions,
        load_before: float | None = None,
        *,
        pause: Callable[[float], object] = time.sleep,
        cold_starts: Callable[..., dict[str, ColdStart]] = measure_cold_starts,
        processors: Callable[[], ProcessorTimes | None] = processor_times,
    ) -> None:
        self._contenders = {contender.name: contender for contender in contenders}
        self._runners, self.options = dict(runners), options
        self._pause, self._cold_starts, self._processors = pause, cold_starts, processors
        self.load = MachineLoad(load_before)
        self._loaded: dict[str, Loaded] = {}
        self._warm: dict[str, WarmUp] = {}
        self._latency: dict[str, list[list[float]]] = {}  # round by round
        self._batches: dict[str, list[list[float]]] = {}
        self._facts: dict[str, dict[str, Any]] = {name: {} for name in runners}

    def run(self) -> None:
        """Measures latency at batch 1, then throughput, then what else is asked for.

        Raises:
            ModelError: A contender cannot be loaded or run, or its process died.
        """
        log.info("loading %s", ", ".join(self._runners))
        self._load()
        plan = self._warm_up()
        if self.options.fit_batch:
            size = fitting_batch(self.options.batch_size, self._slowest_ms())
            self.options = replace(self.options, batch_size=size)
        start, own_s = self._processors(), self._own_s()
        log.info("timing batches of 1, %s runs", ", ".join(f"{runs:,}" for runs in plan.values()))
        self._in_turns(1, plan, {name: lead_in(self._warm[name].median_ms) for name in plan}, ROUNDS, self._latency)
        self._time_batches(self.options.batch_size)
        self.load = load_during(start, self._processors(), self._own_s() - own_s, self.load.before)
        for name, runner in self._runners.items():  # before images are decoded as well
            self._facts[name]["peak_memory_bytes"] = runner.peak_memory_bytes()
        if self.options.fps is not None:
            self._keep_pace(self.options.fps)
        self._time_stages()
        if self.options.cold_start:
            self._time_starts()
        self._look_into_models()

    def found(self) -> dict[str, Timed]:
        """Returns name -> what was measured, of the contenders that ran at batch 1 in one round at least."""
        return {
            name: Timed(
                self._loaded[name],
                tuple(chain(*rounds)),
                tuple(chain(*self._batches.get(name, ()))),
                latency_runs=tuple(map(len, rounds)),
                **{"peak_memory_bytes": None, **self._facts[name]},
            )
            for name, rounds in self._latency.items()
            if rounds
        }

    def _load(self) -> None:
        """Waits until all are loaded; a provider that cannot start is left out where another one runs its file."""
        for name, runner in list(self._runners.items()):
            try:
                self._loaded[name] = runner.loaded()
            except ModelError as error:
                if not self._on_other_providers(name):
                    raise
                self._leave_out(name, error)

    def _leave_out(self, name: str, error: ModelError) -> None:
        log.warning("%s is left out: %s", name, error)
        del self._runners[name]

    def _on_other_providers(self, name: str) -> bool:
        """Returns whether the file of a contender is measured on another provider as well."""
        own, others = self._contenders[name], (self._contenders[other] for other in self._runners)
        return any(
            (each.path, each.runtime) == (own.path, own.runtime) and each.provider != own.provider for each in others
        )

    def _warm_up(self) -> dict[str, int]:
        """Warms all contenders up, and returns how many runs each gets.

        Those that XLA cannot compile are left out, and those that another provider runs alone.
        """
        plan = {}
        for name, runner in list(self._runners.items()):
            kind = self._contenders[name].kind
            try:
                warm = runner.warm_up(1)
            except ModelError as error:
                if kind != "original-xla" and not self._on_other_providers(name):
                    raise
                self._leave_out(name, error)
                continue
            self._facts[name]["warm_up"] = self._warm[name] = warm
            plan[name] = latency_runs(kind, warm.median_ms, self.options.runs, self.options.duration)
        return plan

    def _slowest_ms(self) -> float:
        """Returns what one image takes with the slowest contender; Keras' own calls cost per call, not per image."""
        there = [name for name in self._warm if self._contenders[name].kind not in _KERAS_CALLS]
        return max(self._warm[name].median_ms for name in there or self._warm)

    def _own_s(self) -> float:
        """Returns the processor time that this process and those of the contenders have taken, in seconds."""
        return process_time() + sum(runner.processor_s() for runner in self._runners.values())

    def _keep_pace(self, fps: float) -> None:
        runs = paced_runs(fps, self.options.duration)
        log.info("timing %d images at %g a second", runs, fps)
        found: dict[str, list[Paced]] = {name: [] for name in self._runners}
        rounds = min(_PACED_ROUNDS, runs)
        for turn in range(rounds):
            for name in self._turn(turn):
                found[name].append(self._runners[name].pace(fps, runs_in_round(runs, rounds, turn)))
                self._facts[name]["paced_ms"] = tuple(ms for part in found[name] for ms in part.times_ms)
                self._facts[name]["paced_runs"] = tuple(len(part.times_ms) for part in found[name])
                self._facts[name]["dropped"] = sum(part.dropped for part in found[name])

    def _time_stages(self) -> None:
        """Times the stages of those contenders that have any."""
        found: dict[str, dict[str, tuple[float, ...]]] = {name: {} for name in self._runners}
        for turn in range(_STAGE_ROUNDS):
            for name in self._turn(turn):
                took = self._warm[name].median_ms
                runs = runs_in(_STAGE_MS, took, _STAGE_RUNS)
                warmup = min(runs, _WARMUP if turn == 0 else lead_in(took))
                times = self._runners[name].stages(self.options.photo, runs, warmup) or {}
                for stage, values in times.items():
                    found[name][stage] = (*found[name].get(stage, ()), *values)
                self._facts[name]["stages_ms"] = found[name]

    def _time_starts(self) -> None:
        log.info("timing starts of new processes")
        there = [self._contenders[name] for name in self._runners]
        starts = self._cold_starts([loading_of(each, self.options) for each in there if each.kind not in _KERAS_CALLS])
        for name, start in starts.items():
            self._facts[name]["cold_start"] = start

    def _look_into_models(self) -> None:
        """Sweeps and profiles the models, each by itself, where that is asked for."""
        for name, runner in self._runners.items():
            if self._contenders[name].runtime != "onnxruntime":
                continue
            if self.options.sweep:
                log.info("trying threads and batch sizes with %s", name)
                points = runner.sweep(thread_counts(), batch_sizes(self.options.batch_size)) or []
                self._facts[name]["sweep"] = tuple(SweepPoint(**point) for point in points)
            if self.options.profile:
                fields = runner.profile(runs_in(_PROFILE_MS, self._warm[name].median_ms, _PROFILE_RUNS))
                self._facts[name]["profile"] = None if fields is None else read_profile(fields)

    def _time_batches(self, size: int) -> None:
        took = {name: runner.warm_up(size).median_ms for name, runner in self._runners.items()}
        plan = {name: throughput_runs(ms) for name, ms in took.items()}
        log.info("timing batches of %d", size)
        self._in_turns(size, plan, {name: batch_lead_in(ms) for name, ms in took.items()}, _BATCH_ROUNDS, self._batches)

    def _in_turns(
        self,
        batch_size: int,
        plan: Mapping[str, int],
        lead_ins: Mapping[str, int],
        rounds: int,
        times: dict[str, list[list[float]]],
    ) -> None:
        rounds = min(rounds, *plan.values())
        times.update({name: [] for name in plan})
        for turn in range(rounds):
            for name in self._turn(turn):
                runs = runs_in_round(plan[name], rounds, turn)
                times[name].append(self._runners[name].time(batch_size, runs, lead_ins[name]))

    def _turn(self, turn: int) -> Iterator[str]:
        """Gives the contenders in their order in one round, with a pause between one and another."""
        for name in turn_order(list(self._runners), turn):
            if len(self._runners) > 1:
                self._pause(REST_S)
            yield name


def rounds_of(timed: Timed) -> list[Sequence[float]]:
    """Returns the latencies of each round."""
    return by_round(timed.latency_ms, timed.latency_runs)
