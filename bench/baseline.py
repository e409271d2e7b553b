"""A bench run held against an earlier one: `--baseline`, for CI."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnkit.bench.report.reading import read_report
from cnnkit.bench.session import Result, Session
from cnnkit.errors import ReportError


@dataclass(frozen=True)
class Earlier:
    """What an earlier run said of a contender."""

    p50_ms: float | None
    top1: float | None
    top1_low: float | None  # end of its 95 % interval


def read_baseline(path: Path) -> dict[str, Earlier]:
    """Reads a bench.json.

    Returns:
        Name of the contender -> what was measured.

    Raises:
        ReportError: It is no such file, is cut short, or of another version.
    """
    report = read_report(path)
    try:
        return {contender["name"]: _earlier(contender) for contender in report["contenders"]}
    except (KeyError, TypeError) as error:
        raise ReportError(f"{path} is no report of cnnkit bench ({error} is missing): make it again") from error


def regressions(session: Session, baseline: dict[str, Earlier], most: float) -> list[str]:
    """Says what has become worse, one sentence each.

    Slower is a median latency above the earlier one by more than `most`; less accurate is a top-1 below the 95 %
    interval of the earlier one.

    Args:
        session: The new run.
        baseline: The earlier one.
        most: As a fraction, 0.1 for 10 %.

    Raises:
        ReportError: The two have no contender in common.
    """
    common = [(result, baseline[result.name]) for result in session.results if result.name in baseline]
    if not common:
        raise ReportError(
            f"the baseline has no contender named {' or '.join(result.name for result in session.results)}, it has "
            f"{', '.join(baseline)}"
        )
    return [sentence for result, earlier in common for sentence in _worse(result, earlier, most)]


def _worse(result: Result, earlier: Earlier, most: float) -> list[str]:
    found = []
    p50 = result.latency_ms.p50
    if p50 is not None and earlier.p50_ms is not None and p50 > earlier.p50_ms * (1 + most):
        slower = p50 / earlier.p50_ms - 1
        found.append(
            f"{result.name} is {100 * slower:.1f} % slower: {p50:.3g} ms, the baseline says {earlier.p50_ms:.3g}"
        )
    top1 = None if result.accuracy is None else result.accuracy.top1
    if top1 is not None and earlier.top1_low is not None and earlier.top1 is not None and top1 < earlier.top1_low:
        found.append(
            f"{result.name} is less accurate: top-1 {100 * top1:.2f} %, the baseline says {100 * earlier.top1:.2f}"
        )
    return found


def _earlier(contender: dict[str, Any]) -> Earlier:
    accuracy = contender["accuracy"] or {"top1": None, "low": None}
    return Earlier(contender["latency_ms"]["p50"], accuracy["top1"], accuracy["low"])
