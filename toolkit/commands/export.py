"""`cnnkit export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cnnkit.commands.options import input_options, overwrite_option, take_said


@click.command()
@click.argument("source", metavar="RUN|MODEL", type=click.Path(path_type=Path))
@click.option("--output", "-o", type=click.Path(path_type=Path), help="An .onnx file  [default: beside the model].")
@input_options
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Class folders, or a list: tries the usual scalings on them, and takes none.",
)
@click.option(
    "--golden",
    metavar="DIR|generated|none",
    help="Images that travel with the file  [default: the run's own, or generated].",
)
@click.option(
    "--input-dtype", type=click.Choice(["uint8", "float32"]), default="uint8", show_default=True,
    help="What the graph takes: pixels, or floats.",
)  # fmt: skip
@click.option("--min-ort", metavar="VERSION", help="The oldest onnxruntime that must read it  [default: 1.12].")
@click.option(
    "--format", "suffix", type=click.Choice(["onnx", "ort"]),
    help="Of the file; ort is onnxruntime's own, for its reduced builds  [default: onnx, or as -o ends].",
)  # fmt: skip
@click.option("--fp16", is_flag=True, help="Weights and arithmetic in float16: half the size.")
@overwrite_option
def command(source: Path, output: Path | None, suffix: str | None, **options: Any) -> None:
    """Export a Keras model to ONNX.

    RUN is a folder of cnnkit train. MODEL is a .keras or .h5 file or a SavedModel folder; one from elsewhere needs
    --labels, and --scale unless the model scales its input itself. keras-app:NAME is a network of keras.applications.
    The file appears only if it answers as the Keras model does.
    """
    from cnnkit.export import (
        ExportOptions,
        check_conventions,
        default_output,
        export_model,
        judge,
        print_conventions,
        print_export,
    )

    said = take_said(options)
    target = output or default_output(source, f".{suffix or 'onnx'}")
    if suffix is not None and target.suffix != f".{suffix}":
        raise click.BadParameter(f"{target} does not end in .{suffix}", param_hint="--format")
    wanted = ExportOptions(source, target, *said, **options)
    if wanted.data is not None:
        tried = check_conventions(wanted)
        print_conventions(tried)
        judge(tried)
    print_export(export_model(wanted))
