"""From raw times and answers to the figures of a bench run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from cnnkit import __version__
from cnnkit.bench.answers import Answers, keep
from cnnkit.bench.comparison import Comparison, compare
from cnnkit.bench.contenders import Contender, Kind
from cnnkit.bench.measuring import TOP, MachineLoad, Timed, disturbances, rounds_of
from cnnkit.bench.options import BenchOptions
from cnnkit.bench.session.session import Accuracy, ClassAccuracy, Latency, PacedLatency, Ratio, Result, Session
from cnnkit.bench.subjects import ModelFile, model_files
from cnnkit.machine import EMULATED, Machine
from cnnkit.measuring import by_round, macro_f1, percentile_intervals, ratio_of_medians, wilson_interval

REFERENCE: Kind = "original-function"  # the original's answers that the others are compared with


def summarise(
    contenders: Sequence[Contender],
    timed: Mapping[str, Timed],
    answers: Answers | None,
    options: BenchOptions,
    machine: Machine,
    load: MachineLoad = MachineLoad(),  # noqa: B008 - immutable
    *,
    files: Mapping[str, ModelFile | None] | None = None,
    unfinished: str | None = None,
) -> Session:
    """Makes the figures of what was measured.

    Args:
        contenders: Those of the run; the ones that were not timed are left out.
        timed: Name -> times.
        answers: To the images, where there were any.
        options: Of the run.
        machine: Where it was.
        load: Of the machine, before and meanwhile.
        files: Name -> file, as it was before; None reads them now.
        unfinished: Why it ended before all was measured.
    """
    contenders = [contender for contender in contenders if contender.name in timed]
    files = model_files(contenders) if files is None else files
    return Session(
        machine=machine,
        options=options,
        images=None if answers is None else len(answers.targets),
        rounds=max(len(rounds_of(times)) for times in timed.values()),
        results=tuple(
            _result(contender, timed[contender.name], files[contender.name], options, answers, _reference(contenders))
            for contender in contenders
        ),
        ratios=tuple(
            Ratio(one, other, ratio_of_medians(rounds_of(timed[one]), rounds_of(timed[other])))
            for one, other in ratio_pairs(contenders)
        ),
        comparisons=_comparisons(contenders, answers),
        timed=timed,
        left_out=0 if answers is None else answers.left_out,
        answers=None if answers is None else keep(answers),
        load=load,
        disturbances=(*([EMULATED] if machine.emulated else []), *disturbances(timed, load)),
        unfinished=unfinished,
        date=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        version=__version__,
    )


def _comparisons(contenders: Sequence[Contender], answers: Answers | None) -> tuple[Comparison, ...]:
    if answers is None:
        return ()
    models = [each.name for each in contenders if each.kind == "model" and each.name in answers.ranked]
    reference = _reference(contenders) or _first_float(contenders)
    if reference is None or reference not in answers.ranked:
        return ()
    return tuple(compare(name, reference, answers, contenders[0].spec.labels) for name in models if name != reference)


def ratio_pairs(contenders: Sequence[Contender]) -> list[tuple[str, str]]:
    """Returns the pairs worth a ratio: the original in each way over the first model, as a function over all of them.

    Then the first model over the other models, and each file on its first provider over the same on the others.
    """
    models = [contender.name for contender in contenders if contender.kind == "model"]
    if not models:
        return []
    first, *others = models
    found = []
    for contender in contenders:
        if contender.kind != "model":
            found += [(contender.name, first)]
            found += [(contender.name, other) for other in others if contender.name == _reference(contenders)]
    return found + [(first, other) for other in others] + _provider_pairs(contenders, first)


def _provider_pairs(contenders: Sequence[Contender], first: str) -> list[tuple[str, str]]:
    """Returns for each file but the first one's the first provider with the others that run the same file."""
    files: dict[Path, list[str]] = {}
    for contender in contenders:
        if contender.runtime == "onnxruntime":
            files.setdefault(contender.path, []).append(contender.name)
    return [(names[0], other) for names in files.values() if names[0] != first for other in names[1:]]


def latency_of(rounds: Sequence[Sequence[float]]) -> Latency:
    """Returns the percentiles that the number of runs allows, with their bootstrap intervals.

    Args:
        rounds: Milliseconds, in the order of running, round by round.
    """
    found = percentile_intervals(rounds, (50, 90, 95, 99))
    p50, p90, p95, p99 = (found[q].value if q in found else None for q in (50, 90, 95, 99))
    intervals = {f"p{q:g}": (interval.low, interval.high) for q, interval in found.items()}
    return Latency(p50, p90, p99, sum(map(len, rounds)), p95, intervals)


def accuracy_of(name: str, answers: Answers, labels: Sequence[str] = ()) -> Accuracy:
    """Returns how right a contender is.

    Args:
        name: The contender.
        answers: Of all of them.
        labels: Class names; empty leaves the classes out.
    """
    targets, ranked = answers.targets, answers.ranked[name]
    hits = ranked == targets[:, None]
    right, n = int(hits[:, 0].sum()), len(targets)
    low, high = wilson_interval(right, n)
    top5: tuple[float | None, float | None, float | None] = (None, None, None)
    if ranked.shape[1] == TOP < len(labels):
        among = int(hits.any(axis=1).sum())
        top5 = (among / n, *wilson_interval(among, n))
    classes = (
        ClassAccuracy(label, int((targets == index).sum()), int(hits[targets == index, 0].sum()))
        for index, label in enumerate(labels)
    )
    return Accuracy(
        top1=right / n,
        low=low,
        high=high,
        n=n,
        macro_f1=macro_f1(targets, ranked[:, 0]),
        top5=top5[0],
        top5_low=top5[1],
        top5_high=top5[2],
        classes=tuple(classes),
    )


def _result(
    contender: Contender,
    timed: Timed,
    file: ModelFile | None,
    options: BenchOptions,
    answers: Answers | None,
    reference: str | None,
) -> Result:
    batch_size, there = options.batch_size, answers is not None and contender.name in answers.ranked
    paced = None
    if timed.paced_ms and options.fps is not None:
        paced = PacedLatency(options.fps, latency_of(by_round(timed.paced_ms, timed.paced_runs)), timed.dropped)
    return Result(
        name=contender.name,
        kind=contender.kind,
        precision=timed.loaded.precision,
        runtime=timed.loaded.runtime,
        latency_ms=latency_of(rounds_of(timed)),
        images_per_s=batch_size / float(np.median(timed.batch_ms)) * 1000 if timed.batch_ms else None,
        batch_size=batch_size,
        threads=timed.loaded.threads,
        size_bytes=None if file is None else file.size_bytes,
        peak_memory_bytes=timed.peak_memory_bytes,
        accuracy=accuracy_of(contender.name, answers, contender.spec.labels) if answers and there else None,
        agreement_with_original=_agreement(contender, answers, reference) if answers and there else None,
        file=contender.path.name,
        sha256=None if file is None else file.sha256,
        stages_ms={stage: float(np.median(values)) for stage, values in timed.stages_ms.items()} or None,
        warm_up=timed.warm_up,
        paced=paced,
        cold_start=timed.cold_start,
        sweep=timed.sweep,
        profile=timed.profile,
    )


def _agreement(contender: Contender, answers: Answers, reference: str | None) -> float | None:
    if reference is None or reference not in answers.ranked or contender.kind != "model":
        return None
    return float((answers.predicted(contender.name) == answers.predicted(reference)).mean())


def _reference(contenders: Sequence[Contender]) -> str | None:
    """Returns the original, as a function where it was called so: its ways of being called answer alike."""
    originals = [contender for contender in contenders if contender.kind != "model"]
    found = sorted(originals, key=lambda contender: contender.kind != REFERENCE)
    return found[0].name if found else None


def _first_float(contenders: Sequence[Contender]) -> str | None:
    """Returns the first model that is not quantized, or else the first one: what the others are compared with."""
    models = [contender for contender in contenders if contender.kind == "model"]
    floating = (each.name for each in models if each.spec.quantization is None and each.runtime == "onnxruntime")
    return next(floating, models[0].name if models else None)
