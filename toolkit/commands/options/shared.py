"""Options that several commands share, as decorators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cnnkit.commands.options.values import Range
from cnnkit.spec import LARGEST_SEED
from cnnkit.system import log


def _warn_of_insecure(_: click.Context, __: click.Parameter, wanted: bool) -> bool:
    if wanted:
        log.warning("certificates are not checked (--insecure): who is on the way can read passwords and show anything")
    return wanted


def format_option(*styles: str) -> Callable[..., Any]:
    """Makes the option that says how a result is written, a table where nothing is said."""
    return click.option(
        "--format", "style", type=click.Choice(["table", *styles]), default="table", show_default=True,
        help="How the result is written: a table is for people, the rest for programs.",
    )  # fmt: skip


def seed_option(of: str, default: int | None = 0) -> Callable[..., Any]:
    """Makes the option that says how what is random is drawn.

    Args:
        of: What it is of, for the help.
        default: None where a file may say it.
    """
    return click.option(
        "--seed", type=click.IntRange(0, LARGEST_SEED), default=default, show_default=default is not None, help=of
    )


model_option = click.option(
    "--model",
    "-m",
    type=click.Path(path_type=Path),
    help="An .onnx file that cnnkit exported  [default: the bundled INT8 model].",
)
model_argument = click.argument("model", required=False, type=click.Path(path_type=Path))
threads_option = click.option(
    "--threads", type=click.IntRange(0), help="CPU threads of one inference  [default: one a physical core]."
)
provider_option = click.option(
    "--provider",
    default="cpu",
    show_default=True,
    help="Where the model runs: cpu, cuda, tensorrt, openvino, coreml, ..., or auto for what is there.",
)
table_or_json_option = format_option("json")
top_k_option = click.option(
    "--top-k", type=click.IntRange(1), default=5, show_default=True, help="Classes named for each image."
)
min_confidence_option = click.option(
    "--min-confidence",
    type=Range(0, 1),
    default=0.0,
    help='Below this probability, from 0 to 1, the label is "unknown".',
)
insecure_option = click.option(
    "--insecure", is_flag=True, callback=_warn_of_insecure, help="Take the certificate of any https or rtsps server."
)
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace the output if it exists.")
strict_option = click.option(
    "--strict", is_flag=True, help="Stop at an image that cannot be read or is damaged, instead of leaving it out."
)
max_pixels_option = click.option(
    "--max-pixels", type=click.IntRange(1), help="Refuse larger images before decoding  [default: 178956970]."
)

damaged_option = click.option(
    "--damaged", type=click.Choice(["report", "use"]), default="report", show_default=True,
    help="Of a file that is damaged: an error, or the answer to what is left of it, with a warning.",
)  # fmt: skip


def add(options: tuple[Callable[..., Any], ...], command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds several options to a command; its help shows them in this order."""
    for option in reversed(options):
        command = option(command)
    return command


def taken(options: dict[str, Any], *names: str) -> dict[str, Any]:
    """Takes some options out of all."""
    return {name: options.pop(name) for name in names}
