"""The options of `cnnkit predict`: which images, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnkit.commands.options.input import take_said
from cnnkit.commands.options.shared import add, format_option, insecure_option, overwrite_option, taken
from cnnkit.commands.options.values import Seconds

if TYPE_CHECKING:
    from cnnkit.predicting import PredictRun

_PATH = click.Path(path_type=Path)
_SOURCES = (
    click.option("--null", "-0", "null_separated", is_flag=True, help="Zero bytes end the paths of lists."),
    click.option("--exclude", multiple=True, metavar="PATTERN", help="Left out: '*.gif', 'old/*'; repeatable."),
    click.option(
        "--every", "every_s", type=Seconds(0, min_open=True),
        help="Of a video, one frame each so often, such as 0.5  [default: all].",
    ),
    insecure_option,
)  # fmt: skip
_OUTPUTS = (
    format_option("json", "jsonl", "csv", "parquet"),
    click.option("--output", "-o", type=_PATH, help="A file instead of stdout."),
    overwrite_option,
    click.option("--resume", is_flag=True, help="Go on with the jsonl or csv file of an interrupted run."),
    click.option("--annotate", type=_PATH, metavar="DIR", help="Write the images there, with label and bars drawn in."),
    click.option("--sort-into", type=_PATH, metavar="DIR", help="Copy the images there, into a folder for each class."),
    click.option("--link", is_flag=True, help="With --sort-into: symbolic links instead of copies."),
    click.option(
        "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True,
        help="Where the work is done; ray writes a folder of shards.",
    ),
    click.option("--address", default="auto", help="Of the Ray cluster: host:6379  [default: that of this machine]."),
    click.option("--grid", type=_PATH, metavar="FILE", help="Write a contact sheet, such as sheet.png."),
)  # fmt: skip


def predict_source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say which images."""
    return add(_SOURCES, command)


def predict_output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say what comes of them."""
    return add(_OUTPUTS, command)


def predict_run(
    *, sources: tuple[str, ...], models: tuple[Path, ...], threads: int | None, provider: str, tta: bool, resume: bool,
    **options: Any,
) -> PredictRun:  # fmt: skip
    """Makes of the command's options what the library takes."""
    from cnnkit.images import DEFAULT_MAX_PIXELS
    from cnnkit.predicting import OutputOptions, PredictOptions, PredictRun
    from cnnkit.report import ReportOptions
    from cnnkit.sources import SourceOptions

    options["max_pixels"] = options["max_pixels"] or DEFAULT_MAX_PIXELS
    overwrite, said = options.pop("overwrite"), take_said(options)
    return PredictRun(
        sources, models, threads, provider, said, tta, resume,
        PredictOptions(**taken(options, "top_k", "batch_size", "min_confidence", "max_pixels", "exact", "damaged")),
        SourceOptions(**taken(options, "null_separated", "exclude", "every_s", "insecure")),
        ReportOptions(**taken(options, "style", "output"), overwrite=overwrite),
        OutputOptions(**options, overwrite=overwrite),
    )  # fmt: skip
