"""The evidence of a choice, for people who ask later: all candidates as JSON, and as a picture."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import fill
from typing import Any

from cnnkit.export.quantization.measuring import Measured
from cnnkit.export.quantization.quantizing import QuantizeReport
from cnnkit.export.quantization.schemes import FLOAT32
from cnnkit.system import whole_file, write_text

_MARKERS, _COLORS = "os^vPXD", 10  # shapes and colours taken in turns; no two candidates share both
_TITLE = 100  # characters of a line
_SHOWN_SLOWER = 2.0  # x the time of float32; slower candidates are in the table only


def evidence(report: QuantizeReport) -> dict[str, Any]:
    """Returns everything that was measured, as plain dicts; accuracies are fractions."""
    chosen, quantization = report.decision.chosen, report.spec.quantization
    return {
        "schema_version": 1,
        "chosen": chosen.candidate.name,
        "decision": report.decision.reason,
        "file": report.path.name,
        "size_bytes": report.size_bytes,
        "cpu": quantization.cpu if quantization else None,
        "target": quantization.target if quantization else None,
        "candidates": [_row(one, report) for one in report.measured],
        "failed": [{"name": failed.name, "reason": failed.reason} for failed in report.failed],
    }


def write_evidence(report: QuantizeReport) -> tuple[Path, ...]:
    """Writes NAME.candidates.json and, where matplotlib is installed, NAME.candidates.png beside the model file.

    Raises:
        OutputError: They cannot be written.
    """
    stem = report.path.with_suffix("")
    table, picture = stem.with_name(stem.name + ".candidates.json"), stem.with_name(stem.name + ".candidates.png")
    write_text(table, json.dumps(evidence(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    draw_candidates(report, picture)
    return table, picture


def draw_candidates(report: QuantizeReport, path: Path) -> None:
    """Draws accuracy, or agreement where labels are not known, against latency, the chosen candidate marked.

    Raises:
        OutputError: The file cannot be written.
    """
    from matplotlib.figure import Figure

    shown = [one for one in report.measured if one.ratio <= _SHOWN_SLOWER]
    by_accuracy = any(one.effect and one.effect.drop for one in shown)
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.add_subplot()
    for index, one in enumerate(shown):
        value, error = _height(one, report, by_accuracy)
        axes.errorbar(
            one.latency_ms, value, yerr=error, fmt=_MARKERS[index % len(_MARKERS)], color=f"C{index % _COLORS}",
            capsize=2, elinewidth=0.8, fillstyle="none" if one.candidate.refused else "full", label=_label(one),
        )  # fmt: skip
        if one is report.decision.chosen:
            axes.plot(one.latency_ms, value, "o", color="black", markersize=16, fillstyle="none", label="chosen")
    axes.set_xlabel("latency of one image, ms (median)")
    axes.set_ylabel("top-1, % (bars: 95 % interval of the drop)" if by_accuracy else "same label as float32, %")
    axes.margins(0.1)
    axes.set_yticks([tick for tick in axes.get_yticks() if axes.get_ylim()[0] <= tick <= 100])
    axes.grid(alpha=0.3)
    axes.set_title(fill(report.decision.reason, _TITLE), fontsize=9, loc="left")
    figure.legend(loc="outside right upper", fontsize=8)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")


def _label(one: Measured) -> str:
    return f"{one.candidate.name} (refused)" if one.candidate.refused else one.candidate.name


def _height(one: Measured, report: QuantizeReport, by_accuracy: bool) -> tuple[float, Any]:
    """Returns what is drawn upwards, in percent, and how far the interval reaches below and above it."""
    effect = one.effect
    if not by_accuracy:
        return 100 * (effect.agreement if effect else 1.0), None
    known = [other.effect for other in report.measured if other.effect and other.effect.top1_float is not None]
    widest = max(known, key=lambda other: other.images)
    base = 100 * float(widest.top1_float or 0.0)  # drops may be of fewer images: they are taken from the same base
    if effect is None or effect.drop is None:
        return base, None
    drop, low, high = effect.drop
    return base - 100 * drop, [[100 * (high - drop)], [100 * (drop - low)]]


def _row(one: Measured, report: QuantizeReport) -> dict[str, Any]:
    candidate = one.candidate
    verdict = "chosen" if one is report.decision.chosen else report.decision.against[candidate.name]
    return {
        "name": candidate.name,
        "precision": candidate.precision,
        "scheme": candidate.description,
        "verdict": verdict,
        "batch": one.batch,
        **one.figures(),
        "runs": one.runs,
        **({"agreement": 1.0} if candidate.name == FLOAT32 else {}),
    }
