"""The same models on several machines: bench runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnkit.bench.session import Result, Session, read_session
from cnnkit.errors import ReportError
from cnnkit.machine import Machine
from cnnkit.measuring import Interval


@dataclass(frozen=True)
class OnMachine:
    """One contender in one run."""

    contender: str
    run: str  # name of the run
    p50_ms: float | None
    low_ms: float | None  # 95 % bootstrap interval
    high_ms: float | None
    times_first: Interval | None  # of the first run's p50; bounds from those of both
    images_per_s: float | None
    batch_size: int
    threads: int | None
    top1: float | None
    precision: str


@dataclass(frozen=True)
class MachineComparison:
    """Runs side by side."""

    machines: dict[str, Machine]  # by name of the run
    rows: tuple[OnMachine, ...]  # contender by contender, runs in the order in which they were given
    missing: tuple[str, ...]  # sentences: which contender is not in which run


def compare_reports(paths: Sequence[Path]) -> MachineComparison:
    """Reads runs and sets those contenders that have the same name side by side.

    The ratio's bounds are the quotients of the bounds of both medians, which is wider than 95 %: two runs have no
    rounds in common that could be drawn together.

    Args:
        paths: Two bench.json files or more.

    Raises:
        ReportError: One is no such file, is cut short, or of another version; or they have no contender in common.
    """
    sessions = dict(zip(_run_names(paths), map(read_session, paths), strict=True))
    first = next(iter(sessions.values()))
    names = list(dict.fromkeys(result.name for session in sessions.values() for result in session.results))
    common = [name for name in names if sum(_result(session, name) is not None for session in sessions.values()) > 1]
    if not common:
        raise ReportError(f"{' and '.join(map(str, paths))} have no contender of the same name, such as {names[0]}")
    rows = tuple(
        _row(run, found, _result(first, name))
        for name in common
        for run, session in sessions.items()
        if (found := _result(session, name)) is not None
    )
    missing = tuple(
        f"{name} is not in {run}" for name in names for run in sessions if _result(sessions[run], name) is None
    )
    return MachineComparison({run: session.machine for run, session in sessions.items()}, rows, missing)


def _run_names(paths: Sequence[Path]) -> list[str]:
    """Returns the files' stems, with their folders where two are alike."""
    stems = [path.stem for path in paths]
    if len(set(stems)) == len(stems):
        return stems
    longer = [f"{path.parent.name}/{path.stem}" for path in paths]
    if len(set(longer)) == len(longer):
        return longer
    return [f"{index}. {stem}" for index, stem in enumerate(stems, 1)]


def _result(session: Session, name: str) -> Result | None:
    return next((result for result in session.results if result.name == name), None)


def _row(run: str, result: Result, first: Result | None) -> OnMachine:
    low, high = result.latency_ms.intervals.get("p50", (None, None))
    return OnMachine(
        contender=result.name,
        run=run,
        p50_ms=result.latency_ms.p50,
        low_ms=low,
        high_ms=high,
        times_first=None if first is None or first is result else _ratio(result, first),
        images_per_s=result.images_per_s,
        batch_size=result.batch_size,
        threads=result.threads,
        top1=None if result.accuracy is None else result.accuracy.top1,
        precision=result.precision,
    )


def _ratio(result: Result, first: Result) -> Interval | None:
    own, other = result.latency_ms, first.latency_ms
    if own.p50 is None or other.p50 is None:
        return None
    (low, high), (least, most) = own.intervals["p50"], other.intervals["p50"]
    return Interval(own.p50 / other.p50, low / most, high / least)
