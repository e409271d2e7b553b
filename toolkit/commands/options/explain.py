"""The options of `cnnkit explain`, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnkit.commands.options.input import take_said
from cnnkit.commands.options.shared import add, format_option, seed_option, taken

if TYPE_CHECKING:
    from cnnkit.predicting import ExplainRun

_OPTIONS = (
    click.option(
        "--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Draw it: a .png, .jpg or .webp file."
    ),
    click.option(
        "--method", type=click.Choice(["auto", "occlusion", "masks", "activation"]), default="auto", show_default=True,
        help="How; auto is masks below 96 pixels, else activation for Keras models that show a map, or occlusion.",
    ),
    click.option(
        "--masks", type=click.IntRange(10, 100_000), default=500, show_default=True,
        help="Of the method masks: how many, each an evaluation.",
    ),
    click.option("--label", help="Explain this class instead of the likeliest."),
    format_option("json", "jsonl", "csv"),
    click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True, help="Images run together."),
    seed_option("Of the masks."),
)  # fmt: skip


def explain_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options to the command."""
    return add(_OPTIONS, command)


def explain_run(*, method: str, max_pixels: int | None, **options: Any) -> ExplainRun:
    """Makes of the command's options what the library takes."""
    from cnnkit.explaining import ExplainOptions
    from cnnkit.images import DEFAULT_MAX_PIXELS
    from cnnkit.predicting import ExplainRun

    said = take_said(options)
    how: Any = {"method": None if method == "auto" else method, **taken(options, "masks", "batch_size", "seed")}
    return ExplainRun(said=said, max_pixels=max_pixels or DEFAULT_MAX_PIXELS, explain=ExplainOptions(**how), **options)
