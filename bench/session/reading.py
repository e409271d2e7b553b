"""A bench run read back from its JSON: for another rendering of it, or as what a later run is held against."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from cnnkit.bench.answers import KeptAnswers
from cnnkit.bench.comparison import Change, ClassChange, Comparison
from cnnkit.bench.measuring import ColdStart, MachineLoad, SweepPoint, Timed, read_profile
from cnnkit.bench.options import BenchOptions
from cnnkit.bench.session.schema import SCHEMA_VERSION, first_fault
from cnnkit.bench.session.session import Accuracy, ClassAccuracy, Latency, PacedLatency, Ratio, Result, Session
from cnnkit.bench.subjects import Loaded
from cnnkit.errors import ReportError
from cnnkit.machine import Machine
from cnnkit.measuring import Interval, WarmUp
from cnnkit.report import from_fields
from cnnkit.system import parse_json, read_regular

_NO_STAGES = ("latency_ms", "batch_ms", "paced_ms", "latency_runs", "paced_runs")


def read_report(path: Path) -> dict[str, Any]:
    """Reads a bench.json.

    Raises:
        ReportError: It is no such file, is cut short, or of another version.
    """
    try:
        report = parse_json(read_regular(path))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or f"no whole JSON, {error}"
        raise ReportError(f"{path} cannot be read ({reason}): make it with cnnkit bench --format json -o") from error
    if not isinstance(report, dict) or "schema_version" not in report:
        raise ReportError(f"{path} is no report of cnnkit bench (it has no schema_version): name another file")
    version = report["schema_version"]
    if type(version) is not int or version != SCHEMA_VERSION:
        raise ReportError(f"{path} has schema version {version!r}, expected {SCHEMA_VERSION}: make it again")
    fault = first_fault(report)
    if fault is not None:
        raise ReportError(f"{path} is no report of cnnkit bench ({fault}): make it again")
    fields: dict[str, Any] = report
    return fields


def read_session(path: Path) -> Session:
    """Reads a whole run.

    Raises:
        ReportError: It is no such file, is cut short, or of another version.
    """
    report = read_report(path)
    try:
        _check_sense(report)
        return _session(report)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReportError(f"{path} is no report of cnnkit bench ({error}): make it again") from error


def _check_sense(report: Mapping[str, Any]) -> None:
    """Checks what a schema cannot say.

    Raises:
        ValueError: Two parts contradict one another.
    """
    names = [contender["name"] for contender in report["contenders"]]
    if len(set(names)) < len(names):
        raise ValueError("two contenders have one name")
    for contender in report["contenders"]:
        raw = report["raw"][contender["name"]]
        if raw["latency_runs"] and sum(raw["latency_runs"]) != len(raw["latency_ms"]):
            raise ValueError(f"the rounds of {contender['name']} do not make up its times")
        latency = contender["latency_ms"]
        for percentile, (low, high) in latency["intervals"].items():
            if not low <= high:
                raise ValueError(f"the interval of {percentile} of {contender['name']} is reversed")
        if latency["p50"] is not None and "p50" not in latency["intervals"]:
            raise ValueError(f"the median of {contender['name']} has no interval")
        points = {(point["threads"], point["batch_size"]) for point in contender["sweep"]}
        threads, sizes = {one for one, _ in points}, {size for _, size in points}
        if points and (1 not in sizes or len(points) < len(threads) * len(sizes)):
            raise ValueError(f"the sweep of {contender['name']} has gaps")
        if contender["accuracy"] and report["options"]["images"] is None:
            raise ValueError(f"{contender['name']} has an accuracy and no images")
    answers, accuracy = report.get("answers"), report["contenders"][0]["accuracy"]
    classes = len(accuracy["classes"]) if accuracy else 0
    if answers and classes and max(chain(answers["targets"], *answers["predicted"].values()), default=0) >= classes:
        raise ValueError("an answer is none of the classes")


def _session(report: Mapping[str, Any]) -> Session:
    machine = {**report["machine"], "instruction_sets": tuple(report["machine"]["instruction_sets"])}
    results = tuple(map(_result, report["contenders"]))
    return Session(
        machine=from_fields(Machine, machine),
        options=_options(report["options"]),
        images=report["options"]["images"],
        left_out=report["options"].get("left_out", 0),
        rounds=report["options"]["rounds"],
        results=results,
        ratios=tuple(
            Ratio(each["numerator"], each["denominator"], Interval(each["ratio"], each["low"], each["high"]))
            for each in report["ratios"]
        ),
        comparisons=tuple(map(_comparison, report["comparisons"])),
        timed={result.name: _timed(result, report["raw"][result.name]) for result in results},
        answers=_answers(report.get("answers")),
        load=from_fields(MachineLoad, report.get("load", {})),
        disturbances=tuple(report["disturbances"]),
        unfinished=report["options"]["unfinished"],
        date=report["options"]["date"],
        version=report["options"]["cnnkit"],
    )


def _options(fields: Mapping[str, Any]) -> BenchOptions:
    """Returns the options as far as they are known: of files only that there were any."""
    return BenchOptions(
        models=(),
        original=Path("original") if fields["original"] else None,
        data=None if fields["data"] is None else Path(fields["data"]),
        runs=fields["runs"],
        batch_size=fields["batch_size"],
        threads=fields["threads"],
        providers=tuple(fields["provider"].split(", ")),
        seed=fields["seed"],
        photo=Path(fields["photo"]),
        duration=fields["duration"],
        runtimes=tuple(fields["runtimes"]),
        original_calls=tuple(fields["original_calls"]),
        sweep=fields["sweep"],
        profile=fields["profile"],
        cold_start=fields["cold_start"],
        fps=fields["fps"],
        calibration=None if fields["calibration"] is None else Path(fields["calibration"]),
    )


def _result(fields: Mapping[str, Any]) -> Result:
    accuracy, paced, profile = fields["accuracy"], fields["paced"], fields["profile"]
    return from_fields(
        Result,
        {
            **fields,
            "latency_ms": _latency(fields["latency_ms"]),
            "accuracy": None if accuracy is None else _accuracy(accuracy),
            "warm_up": None if fields["warm_up"] is None else from_fields(WarmUp, fields["warm_up"]),
            "paced": None
            if paced is None
            else from_fields(PacedLatency, {**paced, "latency_ms": _latency(paced["latency_ms"])}),
            "cold_start": None if fields["cold_start"] is None else from_fields(ColdStart, fields["cold_start"]),
            "sweep": tuple(from_fields(SweepPoint, point) for point in fields["sweep"]),
            "profile": None if profile is None else read_profile(profile),
        },
    )


def _latency(fields: Mapping[str, Any]) -> Latency:
    intervals = {name: (low, high) for name, (low, high) in fields["intervals"].items()}
    return from_fields(Latency, {**fields, "intervals": intervals})


def _accuracy(fields: Mapping[str, Any]) -> Accuracy:
    return from_fields(
        Accuracy, {**fields, "classes": tuple(from_fields(ClassAccuracy, each) for each in fields["classes"])}
    )


def _answers(fields: Mapping[str, Any] | None) -> KeptAnswers | None:
    if fields is None:
        return None
    targets = tuple(fields["targets"])
    predicted = {name: tuple(indices) for name, indices in fields["predicted"].items()}
    if any(len(indices) != len(targets) for indices in predicted.values()):
        raise ValueError("answers of different numbers of images")
    return KeptAnswers(fields["images_sha256"], targets, predicted)


def _comparison(fields: Mapping[str, Any]) -> Comparison:
    return from_fields(
        Comparison,
        {
            **fields,
            "agreement": from_fields(Interval, fields["agreement"]),
            "accuracy_drop": from_fields(Interval, fields["accuracy_drop"]),
            "classes": tuple(from_fields(ClassChange, each) for each in fields["classes"]),
            "changes": tuple(from_fields(Change, each) for each in fields["changes"]),
        },
    )


def _timed(result: Result, raw: Mapping[str, list[float]]) -> Timed:
    stages = {name.removesuffix("_ms"): tuple(times) for name, times in raw.items() if name not in _NO_STAGES}
    latency, batches, paced = tuple(raw["latency_ms"]), tuple(raw["batch_ms"]), tuple(raw.get("paced_ms", ()))
    return Timed(
        loaded=Loaded(result.precision, result.runtime, result.threads),
        latency_ms=latency,
        batch_ms=batches,
        peak_memory_bytes=result.peak_memory_bytes,
        stages_ms=stages,
        latency_runs=tuple(map(int, raw["latency_runs"])),
        paced_runs=tuple(map(int, raw.get("paced_runs", ()))),
        warm_up=result.warm_up,
        paced_ms=paced,
        dropped=0 if result.paced is None else result.paced.dropped,
        cold_start=result.cold_start,
        sweep=result.sweep,
        profile=result.profile,
    )
