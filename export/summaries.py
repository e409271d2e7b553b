"""What export and quantize print when they are done."""

from __future__ import annotations

import click

from cnnkit.export.effects import Effect
from cnnkit.export.exporting import ExportReport
from cnnkit.export.quantizing import QuantizeReport
from cnnkit.report.tables import print_table
from cnnkit.spec import ModelSpec


def print_export(report: ExportReport) -> None:
    """Prints what was exported and how far it is from Keras."""
    spec, graph = report.spec, report.spec.graph
    click.echo(f"{report.path}: {_input(spec)} -> {len(spec.labels)} probabilities, {report.size_bytes:,} bytes")
    if graph is not None:
        click.echo(
            f"graph: {report.nodes} nodes, {graph.parameters:,} parameters, {graph.multiply_adds:,} multiply-adds, "
            f"opset {graph.opset}, IR version {graph.ir_version}"
        )
    parity = report.parity
    click.echo(
        f"parity: {report.source} differs by at most {parity.max_probability_difference:.1e} in a probability "
        f"on {parity.images} images, {len(spec.golden)} of them golden"
    )


def print_quantization(report: QuantizeReport) -> None:
    """Prints what INT8 costs and brings, float32 beside it."""
    print_table(
        ("", ">float32", ">int8", "difference"), [*_costs(report), *_answers(report.effect)], title=str(report.path)
    )
    tolerance, golden = report.spec.tolerance, len(report.spec.golden)
    click.echo(
        f"verify allows a difference of {tolerance.max_probability_difference:.3f} and {tolerance.max_label_changes} "
        f"changed labels on {golden} golden images"
    )


def _costs(report: QuantizeReport) -> list[tuple[str, ...]]:
    times = report.latency
    smaller = report.size_bytes / report.float_size_bytes
    return [
        ("size, bytes", f"{report.float_size_bytes:,}", f"{report.size_bytes:,}", f"{smaller:.2f} x"),
        ("latency, ms", f"{times['float32_ms']:.3f}", f"{times['int8_ms']:.3f}", f"{times['ratio']:.2f} x"),
    ]


def _answers(effect: Effect | None) -> list[tuple[str, ...]]:
    if effect is None:
        return []
    images = f"on {effect.images:,} images"
    rows: list[tuple[str, ...]] = [("same label, %", "100.00", f"{effect.agreement * 100:.2f}", images)]
    if effect.top1 is not None and effect.top1_float is not None and effect.drop is not None:
        drop, low, high = (100 * value for value in effect.drop)
        lost = f"{drop:.2f} points lost (95 % interval {low:.2f} to {high:.2f})"
        rows.insert(0, ("top-1, %", f"{effect.top1_float * 100:.2f}", f"{effect.top1 * 100:.2f}", lost))
    return rows


def _input(spec: ModelSpec) -> str:
    taken = spec.input
    return f"{taken.dtype} {taken.height}x{taken.width} {taken.color}"
