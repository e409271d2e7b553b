"""`cnnkit tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cnnkit.commands.options import grouped, told_how_to_go_on, training_options, typed_command

_SEARCH = (
    click.option("--space", required=True,
                 help="A TOML file with what varies, or one that ships: batch_size, bn2, vgg_grid."),
    click.option("--search", type=click.Choice(["random", "grid", "hyperband", "bayesian"]), default="random",
                 show_default=True, help="The algorithm, KerasTuner's."),
    click.option("--trials", type=click.IntRange(1), help="The most trials  [default: 10; all of a grid]."),
    click.option("--objective", type=click.Choice(["val_accuracy", "val_loss"]), default="val_accuracy",
                 show_default=True, help="What is made best."),
    click.option("--folds", type=click.IntRange(2, 100), help="Score by the mean of a cross-validation."),
    click.option("--out", "-o", type=click.Path(path_type=Path), help="A folder  [default: runs/tune-ARCH-DATA]."),
)  # fmt: skip


@click.command()
@click.argument("data", nargs=-1, required=True)
@grouped(*_SEARCH)
@training_options
@click.pass_context
def command(context: click.Context, /, data: tuple[str, ...], space: str, out: Path | None, **options: Any) -> None:
    """Search for the best network and recipe.

    DATA is what cnnkit train takes. The space names fields of a recipe, and architecture: a list is choices, a table
    {low, high, log, step} a range. Test images are not looked at. Finished trials are kept; --resume goes on.
    """
    from cnnkit.runtime import import_keras
    from cnnkit.system import require

    require("cnnkit tune", "train", "sklearn", "matplotlib", "keras_tuner")
    import_keras("cnnkit tune")
    from cnnkit.train.recipes import make_request
    from cnnkit.train.tuning import SearchOptions, load_space, print_search, run_search, settled_fields

    searched = {name: options.pop(name) for name in ("search", "trials", "objective", "folds")}
    asked = SearchOptions(load_space(space), **searched)
    flags = asked.space.with_fixed({**options, "more_data": data[1:]})
    request = make_request(data[0], out, flags, prefix="tune-")
    with told_how_to_go_on(context):
        search = run_search(request, asked)
    settled = {*searched, *settled_fields(), "space", "out", "resume", "overwrite"}
    print_search(search, typed_command(context, name="train", without=settled))
