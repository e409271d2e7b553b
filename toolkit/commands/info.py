"""`cnnkit info`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from cnnkit.commands import options as shared


@click.command()
@shared.model_argument
@shared.table_or_json_option
def command(model: Path | None, style: Literal["table", "json"]) -> None:
    """Show what a model file holds.

    MODEL is an .onnx file, with or without a model spec; without it the bundled INT8 model is shown.
    """
    from cnnkit.inspection import inspect_model
    from cnnkit.model import bundled_model
    from cnnkit.report.model_facts import print_model_facts

    print_model_facts(inspect_model(model or bundled_model()), style)
