"""`cnnkit quantize`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cnnkit.commands import options as shared


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--calibration",
    required=True,
    type=click.Path(path_type=Path),
    help="Images like those to be classified.",
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="[default: MODEL.int8.onnx, beside it]")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Images to measure on  [default: what calibration leaves over]."
)
@click.option("--calibration-size", type=click.IntRange(1), default=500, show_default=True, help="Images drawn.")
@click.option(
    "--calibration-method", "method", type=click.Choice(["minmax", "entropy", "percentile"]), default="minmax",
    show_default=True, help="How the ranges of integers are chosen.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the draw.")
@shared.threads_option
@shared.overwrite_option
def command(model: Path, output: Path | None, **options: Any) -> None:
    """Quantize an ONNX model to INT8.

    MODEL is a float32 .onnx file that cnnkit exported. The INT8 file is safe on every CPU; the accuracy it costs and
    the time it saves are measured here, on images that did not calibrate it, and written into it.
    """
    from cnnkit.export import QuantizeOptions, quantize_model
    from cnnkit.export.summaries import print_quantization

    target = output or model.with_name(model.stem + ".int8.onnx")
    print_quantization(quantize_model(QuantizeOptions(model, output=target, **options)))
