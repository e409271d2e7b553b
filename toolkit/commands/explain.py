"""`cnnkit explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cnnkit.commands.options import (
    damaged_option,
    explain_options,
    explain_run,
    input_options,
    max_pixels_option,
    overwrite_option,
    provider_option,
    threads_option,
    top_k_option,
)


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("photos", metavar="PHOTO...", nargs=-1, required=True)
@explain_options
@top_k_option
@overwrite_option
@threads_option
@provider_option
@max_pixels_option
@damaged_option
@input_options
def command(**options: Any) -> None:
    """Show which part of a photo carried the answer.

    MODEL is an .onnx file, a run folder of cnnkit train, or its .keras file. PHOTO is all that cnnkit predict takes.
    Drawn are each photo, what speaks for its answer, and what the answer is without that part.
    """
    from cnnkit.images import listening_to_codecs
    from cnnkit.predicting import run_explain

    with listening_to_codecs():
        failed = run_explain(explain_run(**options)).failed
    if failed:
        click.get_current_context().exit(1)
