"""A bench run as JSON, schema version 1: the figures first, the answers and the raw times last."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cnnkit.bench.session import SCHEMA_VERSION, Session
from cnnkit.report import to_json


def json_report(session: Session) -> str:
    """Returns the JSON text; all answers are one line, and so are the raw times of each contender."""
    head = to_json(session_fields(session), indent=2).removesuffix("\n}")
    answers = to_json(None if session.answers is None else asdict(session.answers))
    raw = ",\n".join(f"    {to_json(name)}: {to_json(times)}" for name, times in raw_times(session).items())
    return f'{head},\n  "answers": {answers},\n  "raw": {{\n{raw}\n  }}\n}}\n'


def session_fields(session: Session) -> dict[str, Any]:
    """Returns all but the answers and the raw times as plain values; accuracies and agreements are fractions."""
    return {
        "schema_version": SCHEMA_VERSION,
        "machine": {**asdict(session.machine), "int8_dot_product": session.machine.int8_dot_product},
        "options": session.conditions,
        "load": asdict(session.load),
        "disturbances": list(session.disturbances),
        "contenders": [asdict(result) for result in session.results],
        "ratios": [
            {
                "numerator": ratio.numerator,
                "denominator": ratio.denominator,
                "quantity": "median latency_ms",
                "ratio": ratio.ratio.value,
                "low": ratio.ratio.low,
                "high": ratio.ratio.high,
            }
            for ratio in session.ratios
        ],
        "comparisons": [asdict(comparison) for comparison in session.comparisons],
    }


def raw_times(session: Session) -> dict[str, dict[str, list[float]]]:
    """Returns name -> the times of single images and of batches, in milliseconds in the order of running."""
    return {
        name: {
            "latency_ms": [round(ms, 6) for ms in times.latency_ms],
            "batch_ms": [round(ms, 6) for ms in times.batch_ms],
            "latency_runs": list(times.latency_runs),
            **({"paced_runs": list(times.paced_runs)} if times.paced_ms else {}),
            **({"paced_ms": [round(ms, 6) for ms in times.paced_ms]} if times.paced_ms else {}),
            **{f"{stage}_ms": [round(ms, 6) for ms in values] for stage, values in times.stages_ms.items()},
        }
        for name, times in session.timed.items()
    }
