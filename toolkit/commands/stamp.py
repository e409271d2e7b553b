"""`cnnkit stamp`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cnnkit.commands.options import input_options, overwrite_option, take_said


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--output", "-o", type=click.Path(path_type=Path), help="An .onnx file  [default: MODEL itself].")
@input_options
@overwrite_option
def command(model: Path, output: Path | None, overwrite: bool, **options: Any) -> None:
    """Write labels and scaling into an ONNX file from elsewhere.

    What the file's shapes settle is read from them; labels, and the scaling of float inputs, must be said. Golden
    images with this machine's answers are added, so that cnnkit verify works everywhere.
    """
    from cnnkit.export import StampOptions, stamp_model
    from cnnkit.report import print_model_facts

    facts = stamp_model(StampOptions(model, output or model, take_said(options), overwrite=overwrite))
    print_model_facts(facts, "table")
