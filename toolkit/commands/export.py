"""`cnnkit export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cnnkit.commands import options as shared
from cnnkit.commands.values import number, numbers, size


@click.command()
@click.argument("source", metavar="RUN|MODEL", type=click.Path(path_type=Path))
@click.option("--output", "-o", type=click.Path(path_type=Path), help="An .onnx file  [default: beside the model].")
@click.option("--labels", help="Class names in output order: a file with one a line, or a,b,c.")
@click.option("--scale", type=number, help="The model takes (pixel * scale - mean) / std; 1/255 works.")
@click.option("--mean", type=numbers, help="One number, or one a channel: 0.485,0.456,0.406.")
@click.option("--std", type=numbers, help="One number, or one a channel.")
@click.option("--color", type=click.Choice(["rgb", "bgr", "gray"]), help="What the model takes  [default: rgb, gray].")
@click.option("--resize", type=click.Choice(["squash", "crop", "pad"]), help="[default: the run's own, or squash]")
@click.option("--interpolation", type=click.Choice(["area", "linear", "cubic"]), help="[default: the run's, or area]")
@click.option("--size", type=size, help="HEIGHTxWIDTH, for models that take any size.")
@click.option("--golden", metavar="DIR|generated|none", help="[default: the run's own, or generated]")
@click.option("--input-dtype", type=click.Choice(["uint8", "float32"]), default="uint8", show_default=True)
@shared.overwrite_option
def command(source: Path, output: Path | None, **options: Any) -> None:
    """Export a Keras model to ONNX.

    RUN is a folder of cnnkit train. MODEL is a .keras or .h5 file; one from elsewhere needs --labels, and --scale
    unless the model scales its input itself. The file appears only if it answers as the Keras model does.
    """
    from cnnkit.export import ExportOptions, InputFlags, export_model
    from cnnkit.export.summary import print_export

    names = ("scale", "mean", "std", "color", "resize", "interpolation", "size")
    flags = InputFlags(**{name: options.pop(name) for name in names})
    target = output or (source / "model.onnx" if source.is_dir() else source.with_suffix(".onnx"))
    print_export(export_model(ExportOptions(source, target, input=flags, **options)))
