"""The outcome of a bench run: raw times and answers, and the figures made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cnnkit.bench.accuracy import Answers
from cnnkit.bench.comparison import Comparison, compare
from cnnkit.bench.contenders import BenchOptions, Contender, Kind
from cnnkit.bench.disturbance import disturbances
from cnnkit.bench.measure import LEAD_IN, WARMUP, Timed, rounds_of
from cnnkit.machine import Machine
from cnnkit.statistics import Interval, macro_f1, percentile_if_enough, ratio_of_medians, wilson_interval

REFERENCE: Kind = "original-function"  # the original's answers that the others are compared with


@dataclass(frozen=True)
class Latency:
    """Percentiles of the time for one image, in milliseconds; None where there are too few runs for it."""

    p50: float | None
    p90: float | None
    p99: float | None
    n: int  # runs


@dataclass(frozen=True)
class Accuracy:
    """Top-1 accuracy with its 95 % Wilson interval, and the mean of the classes' F1, as fractions."""

    top1: float
    low: float
    high: float
    n: int  # images
    macro_f1: float


@dataclass(frozen=True)
class Result:
    """The figures of one contender."""

    name: str
    kind: Kind
    precision: str
    runtime: str
    latency_ms: Latency
    images_per_s: float  # at batch_size, from the median batch
    batch_size: int
    threads: int | None  # of one inference; None is the runtime's default
    size_bytes: int
    peak_memory_bytes: int | None
    accuracy: Accuracy | None
    agreement_with_original: float | None  # fraction of the images with the same label
    stages_ms: Mapping[str, float] | None = None  # medians from a JPEG in memory to its label; None for the original


@dataclass(frozen=True)
class Ratio:
    """How many times as long one contender takes as another: the ratio of median latencies, with its 95 % interval."""

    numerator: str
    denominator: str
    ratio: Interval


@dataclass(frozen=True)
class Session:
    """A bench run."""

    machine: Machine
    options: BenchOptions
    images: int | None  # classified; None without data
    rounds: int
    results: tuple[Result, ...]
    ratios: tuple[Ratio, ...]
    comparisons: tuple[Comparison, ...]  # of each model with the original, or else with the first model
    timed: Mapping[str, Timed]
    disturbances: tuple[str, ...] = ()  # what speaks against trusting the times

    @property
    def conditions(self) -> dict[str, object]:
        """How it was measured, by names that say nothing about the machine's folders."""
        options = self.options
        return {
            "runs": options.runs,
            "rounds": self.rounds,
            "warmup": WARMUP,
            "lead_in": LEAD_IN,
            "batch_size": options.batch_size,
            "threads": options.threads,
            "provider": options.provider,
            "input": "random uint8 images",
            "seed": options.seed,
            "photo": options.photo.name,
            "data": None if options.data is None else options.data.resolve().name,
            "images": self.images,
            "processes": "one a contender",
            "original_threads": None if options.original is None else "default of its runtime",
        }


def summarise(
    contenders: Sequence[Contender],
    timed: Mapping[str, Timed],
    answers: Answers | None,
    options: BenchOptions,
    machine: Machine,
    load: float | None = None,
) -> Session:
    """Makes the figures of what was measured; `load` is what `cnnkit.bench.disturbance` knows of the time before."""
    return Session(
        machine=machine,
        options=options,
        images=None if answers is None else len(answers.targets),
        rounds=rounds_of({name: times.latency_ms for name, times in timed.items()}),
        results=tuple(
            _result(contender, timed[contender.name], options.batch_size, answers, _reference(contenders))
            for contender in contenders
        ),
        ratios=tuple(
            Ratio(one, other, ratio_of_medians(timed[one].latency_ms, timed[other].latency_ms))
            for one, other in ratio_pairs(contenders)
        ),
        comparisons=_comparisons(contenders, answers),
        timed=timed,
        disturbances=tuple(disturbances(timed, load)),
    )


def _comparisons(contenders: Sequence[Contender], answers: Answers | None) -> tuple[Comparison, ...]:
    if answers is None:
        return ()
    models = [contender.name for contender in contenders if contender.kind == "model"]
    reference = _reference(contenders) or models[0]
    return tuple(compare(name, reference, answers, contenders[0].spec.labels) for name in models if name != reference)


def ratio_pairs(contenders: Sequence[Contender]) -> list[tuple[str, str]]:
    """Returns the pairs worth a ratio: each original over each model, and the first model over the other models."""
    originals = [contender.name for contender in contenders if contender.kind != "model"]
    models = [contender.name for contender in contenders if contender.kind == "model"]
    return [(one, other) for one in originals for other in models] + [(models[0], other) for other in models[1:]]


def latency_of(times: Sequence[float]) -> Latency:
    """Returns the percentiles that the number of runs allows.

    Args:
        times: Milliseconds.
    """
    p50, p90, p99 = (percentile_if_enough(times, q) for q in (50, 90, 99))
    return Latency(p50, p90, p99, len(times))


def accuracy_of(name: str, answers: Answers) -> Accuracy:
    """Returns how right a contender is."""
    right, n = int((answers.predicted[name] == answers.targets).sum()), len(answers.targets)
    return Accuracy(right / n, *wilson_interval(right, n), n, macro_f1(answers.targets, answers.predicted[name]))


def _result(
    contender: Contender, timed: Timed, batch_size: int, answers: Answers | None, reference: str | None
) -> Result:
    return Result(
        name=contender.name,
        kind=contender.kind,
        precision=timed.loaded.precision,
        runtime=timed.loaded.runtime,
        latency_ms=latency_of(timed.latency_ms),
        images_per_s=batch_size / float(np.median(timed.batch_ms)) * 1000,
        batch_size=batch_size,
        threads=timed.loaded.threads,
        size_bytes=contender.path.stat().st_size,
        peak_memory_bytes=timed.peak_memory_bytes,
        accuracy=None if answers is None else accuracy_of(contender.name, answers),
        agreement_with_original=None if answers is None else _agreement(contender, answers, reference),
        stages_ms={stage: float(np.median(values)) for stage, values in timed.stages_ms.items()} or None,
    )


def _agreement(contender: Contender, answers: Answers, reference: str | None) -> float | None:
    if reference is None or contender.kind != "model":
        return None
    return float((answers.predicted[contender.name] == answers.predicted[reference]).mean())


def _reference(contenders: Sequence[Contender]) -> str | None:
    return next((contender.name for contender in contenders if contender.kind == REFERENCE), None)
