"""What export prints when it is done."""

from __future__ import annotations

from collections.abc import Sequence

from cnnkit.export.exporting import ExportReport
from cnnkit.export.original import Tried
from cnnkit.report import print_table
from cnnkit.spec import ModelSpec
from cnnkit.system import print_text


def print_conventions(tried: Sequence[Tried]) -> None:
    """Prints how often a network was right with its images scaled in each way."""
    rows = []
    for one in tried:
        low, high = one.interval
        interval = f"{100 * low:.1f} to {100 * high:.1f}"
        name = f"{one.name} (said)" if one.said and one.flags else one.name
        rows.append((name, one.color, f"{100 * one.top1:.1f}", interval, f"{100 * one.chance:.1f}", one.flags))
    print_table(
        ("pixels", "color", ">top-1, %", "95 % interval", ">chance, %", "flags"),
        rows,
        title=f"{len(tried[0].right)} images",
    )


def print_export(report: ExportReport) -> None:
    """Prints what was exported and how far it is from Keras."""
    spec, graph = report.spec, report.spec.graph
    print_text(f"{report.path}: {_input(spec)} -> {len(spec.labels)} probabilities, {report.size_bytes:,} bytes")
    if graph is not None:
        print_text(
            f"graph: {report.nodes} nodes, {graph.parameters:,} parameters, {graph.multiply_adds:,} multiply-adds, "
            f"opset {graph.opset}, IR version {graph.ir_version}"
        )
    parity = report.parity
    logits = parity.logit_difference
    said = "its answers do not vary" if logits is None else f"by {logits:.1e} of what its logits vary"
    print_text(
        f"parity: {report.source} differs by at most {parity.max_probability_difference:.1e} in a probability, {said}, "
        f"on {parity.images} images, {len(spec.golden)} of them golden"
    )


def _input(spec: ModelSpec) -> str:
    taken = spec.input
    return f"{taken.dtype} {taken.height}x{taken.width} {taken.color}"
