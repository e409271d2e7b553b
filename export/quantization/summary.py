"""What quantize prints when it is done."""

from __future__ import annotations

from cnnkit.export.quantization.effects import Effect
from cnnkit.export.quantization.evidence import evidence, write_evidence
from cnnkit.export.quantization.measuring import Measured
from cnnkit.export.quantization.quantizing import QuantizeReport
from cnnkit.export.quantization.schemes import FLOAT32
from cnnkit.report import NOTHING, print_json, print_table
from cnnkit.spec import ModelSpec
from cnnkit.system import log, print_text

_COLUMNS = (
    "candidate", ">size, bytes", ">ms", ">x float32", ">images/s", ">top-1, %", ">points lost (95 % interval)",
    ">same label, %", ">images", "verdict",
)  # fmt: skip


def print_quantization(report: QuantizeReport, style: str) -> None:
    """Prints all candidates and the decision, and writes the evidence beside the model.

    Args:
        report: What was done.
        style: "table" or "json".
    """
    files = write_evidence(report)
    if style == "json":
        print_json(evidence(report))
        return
    print_table(_COLUMNS, [_row(one, report) for one in report.measured], title=str(report.path))
    for failed in report.failed:
        log.warning("%s cannot be made: %s", failed.name, failed.reason)
    print_text(f"chosen: {report.decision.reason}")
    print_text(_allowed(report.spec))
    print_text(f"evidence: {', '.join(str(file) for file in files)}")


def _allowed(spec: ModelSpec) -> str:
    """Says in words what verify allows."""
    tolerance, golden = spec.tolerance, len(spec.golden)
    if not golden:
        return "verify has nothing to check: the model carries no golden images, which cnnkit export adds"
    changes = f"at most {tolerance.max_label_changes}" if tolerance.max_label_changes else "none"
    return (
        f"verify: {changes} of {golden} golden labels may change, and no probability by more than "
        f"{tolerance.max_probability_difference:.3g}"
    )


def _row(one: Measured, report: QuantizeReport) -> tuple[str, ...]:
    name = one.candidate.name
    verdict = "chosen" if one is report.decision.chosen else report.decision.against[name]
    return (
        name,
        f"{one.size_bytes:,}",
        f"{one.latency_ms:.3f}",
        f"{one.ratio:.2f}",
        f"{one.images_per_s:,.0f}",
        *(_answers(one.effect) if name != FLOAT32 else _float_answers(report)),
        verdict,
    )


def _float_answers(report: QuantizeReport) -> tuple[str, str, str, str]:
    """Returns the accuracy of float32 on the images on which most was measured."""
    effects = [one.effect for one in report.measured if one.effect is not None and one.effect.top1_float is not None]
    known = max(effects, key=lambda effect: effect.images, default=None)
    if known is None or known.top1_float is None:
        return (NOTHING,) * 4
    return f"{known.top1_float * 100:.2f}", NOTHING, NOTHING, f"{known.images:,}"


def _answers(effect: Effect | None) -> tuple[str, str, str, str]:
    if effect is None:
        return (NOTHING,) * 4
    agreement, images = f"{effect.agreement * 100:.2f}", f"{effect.images:,}"
    if effect.top1 is None or effect.drop is None:
        return NOTHING, NOTHING, agreement, images
    drop, low, high = (100 * value for value in effect.drop)
    return f"{effect.top1 * 100:.2f}", f"{drop:.2f} ({low:.2f} to {high:.2f})", agreement, images
