"""`cnnkit info`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import click

from cnnkit.commands.options import model_argument, size as height_and_width, table_or_json_option


@click.command()
@model_argument
@click.option("--size", type=height_and_width, help="HEIGHTxWIDTH to count for, for models that take any size.")
@click.option(
    "--layers/--no-layers", default=None,
    help="A row a layer: type, output, parameters, multiply-adds  [default: for Keras files].",
)  # fmt: skip
@table_or_json_option
def command(
    model: Path | None, size: tuple[int, int] | None, layers: bool | None, style: Literal["table", "json"]
) -> None:
    """Show what a model file holds.

    MODEL is an .onnx file, with or without a model spec, a run folder or a Keras file; without it the bundled INT8
    model is shown.
    """
    from cnnkit.export import with_counts
    from cnnkit.report import print_model_facts
    from cnnkit.runtime import bundled_model, inspect_any

    facts = with_counts(inspect_any(model or bundled_model()), size, layers=bool(layers))
    print_model_facts(facts if layers is not False else replace(facts, layers=None), style)
