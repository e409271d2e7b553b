"""`cnnkit crossval`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from cnnkit.commands.options import table_or_json_option, told_how_to_go_on, training_options, typed_command

_OWN = ("folds", "out", "style", "resume", "overwrite")  # options that train has not, or with another meaning


@click.command()
@click.argument("data", nargs=-1, required=True)
@click.option("--folds", type=click.IntRange(2, 100), default=5, show_default=True, help="How many.")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="A folder  [default: runs/crossval-ARCH-DATA].")
@table_or_json_option
@training_options
@click.pass_context
def command(
    context: click.Context,
    /,
    data: tuple[str, ...],
    folds: int,
    out: Path | None,
    style: Literal["table", "json"],
    **options: Any,
) -> None:
    """Train on parts of the data and measure on the rest, fold by fold.

    DATA is what cnnkit train takes. Each of its training images is measured with once, by a network that has not seen
    it: not in training, not in choosing the epoch, not in standardising. Test images are not looked at.
    """
    from cnnkit.runtime import import_keras
    from cnnkit.system import require

    require("cnnkit crossval", "train", "sklearn", "matplotlib")
    import_keras("cnnkit crossval")
    from cnnkit.train.crossval import print_crossval, run_crossval
    from cnnkit.train.recipes import make_request

    request = make_request(data[0], out, {**options, "more_data": data[1:]}, prefix="crossval-")
    with told_how_to_go_on(context):
        result = run_crossval(request, folds)
    print_crossval(result, style, typed_command(context, name="train", without=_OWN))
