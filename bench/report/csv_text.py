"""Bench runs as CSV for a spreadsheet: of one run a row for each contender."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from cnnkit.bench.measuring import STAGES, ColdStart
from cnnkit.bench.session import Accuracy, Latency, PacedLatency, Result, Session
from cnnkit.measuring import WarmUp

_APART = ("sweep", "profile", "classes")  # tables of their own, which a row cannot hold
_PERCENTILES = ("p50", "p90", "p95", "p99")
# What may be there or not, or in part: the columns are the same in every run.
_NAMES: dict[str, tuple[str, ...]] = {
    "latency_ms": tuple(field.name for field in fields(Latency)),
    "intervals": _PERCENTILES,
    "accuracy": tuple(field.name for field in fields(Accuracy)),
    "stages_ms": STAGES,
    "warm_up": tuple(field.name for field in fields(WarmUp)),
    "paced": tuple(field.name for field in fields(PacedLatency)),
    "cold_start": tuple(field.name for field in fields(ColdStart)),
}


def csv_report(session: Session) -> str:
    """Returns the figures of each contender as in the JSON: nested names are joined, as in latency_ms_p50.

    The columns are the same in every run. Intervals are two, ending in _low and _high.
    """
    names = [field.name for field in fields(Result)]
    return csv_text([dict(_flat("", asdict(result), names)) for result in session.results])


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Returns rows of the same columns, at least one, below a line with their names."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _flat(prefix: str, values: Mapping[str, Any], names: list[str] | tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name in names:
        whole, value = f"{prefix}{name.replace(' ', '_')}", values.get(name)
        if name in _APART:
            continue
        if name in _NAMES:
            yield from _flat(f"{whole}_", value or {}, _NAMES[name])
        elif prefix.endswith("intervals_"):
            low, high = value or (None, None)
            yield from ((f"{whole}_low", low), (f"{whole}_high", high))
        else:
            yield whole, value
