"""`cnnkit info`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from cnnkit.commands.options import model_argument, table_or_json_option


@click.command()
@model_argument
@table_or_json_option
def command(model: Path | None, style: Literal["table", "json"]) -> None:
    """Show what a model file holds.

    MODEL is an .onnx file, with or without a model spec; without it the bundled INT8 model is shown.
    """
    from cnnkit.report import print_model_facts
    from cnnkit.runtime import bundled_model, inspect_model

    print_model_facts(inspect_model(model or bundled_model()), style)
