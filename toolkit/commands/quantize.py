"""`cnnkit quantize`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cnnkit.commands.options import (
    Range,
    overwrite_option,
    seed_option,
    strict_option,
    table_or_json_option,
    threads_option,
)


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--calibration", required=True, type=click.Path(path_type=Path), help="Images like those to be classified."
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="An .onnx file  [default: MODEL.int8.onnx, or as what is chosen is called].",
)
@click.option(
    "--data", type=click.Path(path_type=Path), help="Images to measure on, or a list  [default: what is left over]."
)
@click.option(
    "--max-drop", type=Range(0, 100), default=0.5, show_default=True,
    help="Points of accuracy that may be lost, by the 95 % interval.",
)  # fmt: skip
@click.option(
    "--min-agreement", type=Range(0, 1), default=0.96, show_default=True,
    help="Share of images with the label of float32.",
)  # fmt: skip
@click.option(
    "--target", type=click.Choice(["any", "this", "avx2", "vnni", "arm64"]), default="any", show_default=True,
    help="CPUs the file must be right on.",
)  # fmt: skip
@click.option(
    "--finetune",
    type=click.Path(path_type=Path),
    help="Images that the weights learn from, to live with their rounding.",
)
@click.option(
    "--finetune-steps",
    type=click.IntRange(1),
    help="How many  [default: 800 of 64 images, fewer where they are large].",
)
@click.option("--original", type=click.Path(path_type=Path), help="The Keras model to learn from  [default: MODEL].")
@click.option("--scheme", help="Take this candidate instead of choosing: u8s8-pairs, u8s8-7bit, float16, ...")
@click.option("--force", is_flag=True, help="Write what --scheme names beyond the limits, too.")
@click.option(
    "--calibration-size", type=click.IntRange(1), default=500, show_default=True, help="Images of --calibration drawn."
)
@click.option(
    "--calibration-method", "method", type=click.Choice(["minmax", "entropy", "percentile"]),
    help="How the ranges of integers are chosen  [default: all are tried].",
)  # fmt: skip
@seed_option("Of the images drawn.")
@threads_option
@strict_option
@table_or_json_option
@overwrite_option
def command(max_drop: float, style: str, **options: Any) -> None:
    """Quantize an ONNX model.

    MODEL is a float32 .onnx file that cnnkit exported. Candidates in INT8 and float16 are made and measured here, on
    images that did not calibrate them; the fastest within the limits is written, or float32 where that is fastest.
    """
    from cnnkit.export import QuantizeOptions, quantize_model
    from cnnkit.export.quantization import print_quantization

    print_quantization(quantize_model(QuantizeOptions(max_drop=max_drop / 100, **options)), style)
