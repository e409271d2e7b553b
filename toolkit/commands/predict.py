"""`cnnkit predict`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnnkit.commands import options as shared

if TYPE_CHECKING:
    from cnnkit.report.predictions import Format


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@shared.model_option
@shared.top_k_option
@click.option(
    "--format", "style", type=click.Choice(["table", "json", "jsonl", "csv"]), default="table", show_default=True
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="A file instead of stdout.")
@shared.overwrite_option
@click.option("--resume", is_flag=True, help="Go on with the jsonl or csv file of an interrupted run.")
@click.option("--null", "-0", "null_separated", is_flag=True, help="Zero bytes end the paths on stdin: find -print0.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Left out of folders: '*.gif', 'old/*'; repeatable.")
@click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True, help="Images run together.")
@shared.threads_option
@shared.provider_option
@shared.min_confidence_option
@shared.max_pixels_option
@click.option("--exact", is_flag=True, help="Decode large JPEGs in full, not at a reduced scale.")
def command(
    sources: tuple[str, ...],
    model: Path | None,
    top_k: int,
    style: Format,
    output: Path | None,
    overwrite: bool,
    resume: bool,
    null_separated: bool,
    exclude: tuple[str, ...],
    batch_size: int,
    threads: int | None,
    provider: str,
    min_confidence: float,
    max_pixels: int | None,
    exact: bool,
) -> None:
    """Classify images.

    SOURCE is an image, a folder (searched recursively), a pattern such as 'photos/*.jpg', or - for paths on stdin.
    """
    from cnnkit.startup import without_garbage_collection

    with without_garbage_collection():
        from cnnkit.images import DEFAULT_MAX_PIXELS
        from cnnkit.model import load_model
        from cnnkit.predicting import PredictOptions, Predictor
        from cnnkit.report.predictions import open_report
        from cnnkit.sources.files import expand_sources

        classifier = load_model(model, threads=threads, provider=provider).classifier
    options = PredictOptions(top_k, batch_size, min_confidence, max_pixels or DEFAULT_MAX_PIXELS, exact)
    on_one_thread = None if threads is not None else lambda: load_model(model, threads=1, provider=provider).classifier
    predictor = Predictor(classifier, options, on_one_thread)
    columns = min(top_k, len(classifier.spec.labels))
    files = iter(expand_sources(sources, sys.stdin.buffer, null_separated=null_separated, exclude=exclude))
    if resume:
        from cnnkit.report.resuming import begun_file

        predictor.skip_done(files, begun_file(output, style, columns, overwrite=overwrite))
    with open_report(style, output, overwrite=overwrite, top_k=columns, resume=resume) as report:
        for rows in predictor.batches(files):
            report.write(rows)
        predictor.require_images(sources)
    predictor.log_counts()
    if predictor.failed:
        click.get_current_context().exit(1)
