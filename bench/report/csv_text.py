"""A bench run as CSV, a row for each contender, for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from cnnkit.bench.session import Session

_APART = ("sweep", "profile", "classes")  # tables of their own, which a row cannot hold


def csv_report(session: Session) -> str:
    """Returns the figures of each contender as in the JSON: nested names are joined, as in latency_ms_p50.

    Intervals become two columns, ending in _low and _high.
    """
    rows = [dict(_flat("", asdict(result))) for result in session.results]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _flat(prefix: str, fields: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in fields.items():
        whole = f"{prefix}{name.replace(' ', '_')}"
        if name in _APART:
            continue
        if isinstance(value, Mapping):
            found += _flat(f"{whole}_", value)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            found += [(f"{whole}_low", value[0]), (f"{whole}_high", value[1])]
        else:
            found.append((whole, value))
    return found
