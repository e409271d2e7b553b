"""`cnnkit predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cnnkit.commands.options import (
    damaged_option,
    input_options,
    max_pixels_option,
    min_confidence_option,
    predict_output_options,
    predict_source_options,
    provider_option,
    threads_option,
    top_k_option,
)


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option(
    "--model",
    "-m",
    "models",
    multiple=True,
    type=click.Path(path_type=Path),
    help="An .onnx file; several answer side by side  [default: the bundled INT8 model].",
)
@top_k_option
@predict_output_options
@predict_source_options
@click.option("--batch-size", type=click.IntRange(1), default=64, show_default=True, help="Images run together.")
@threads_option
@provider_option
@min_confidence_option
@max_pixels_option
@damaged_option
@click.option("--exact", is_flag=True, help="Decode large JPEGs in full, not at a reduced scale.")
@input_options
@click.option("--tta", is_flag=True, help="The mean answer to each image and its mirror image; takes twice the time.")
def command(engine: str, address: str, **options: Any) -> None:
    """Classify images.

    SOURCE is an image, a folder (searched recursively), a pattern such as 'photos/*.jpg', a zip or tar archive, a
    video, an http or https address, @list.txt for a file with one of these a line, or - for the same on stdin.
    """
    from cnnkit.system import without_garbage_collection

    with without_garbage_collection():
        from cnnkit.commands.options import predict_run
        from cnnkit.images import listening_to_codecs
        from cnnkit.predicting import open_models, run_predict

        run = predict_run(**options)
        models = [] if engine == "ray" else open_models(run)
    if engine == "ray":
        from cnnkit.cluster import predict_on_ray

        failed = predict_on_ray(run, address).failed
    else:
        with listening_to_codecs():
            failed = run_predict(run, models).failed
    if failed:
        click.get_current_context().exit(1)
