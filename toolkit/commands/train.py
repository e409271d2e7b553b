"""`cnnkit train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cnnkit.commands.options import grouped, told_how_to_go_on, training_options

_DRAWINGS = (
    click.option("--preview-augmentation", type=click.Path(path_type=Path), metavar="PNG",
                 help="Draw images with augmented versions of them, and exit."),
    click.option("--summary", is_flag=True, help="Show the network's layers, with shapes and parameters, and exit."),
    click.option("--sample-grid", type=click.Path(path_type=Path), metavar="PNG",
                 help="Draw training images of every class, and exit."),
)  # fmt: skip


def _list_architectures(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from cnnkit.runtime import import_keras

    import_keras("cnnkit train --list-archs")
    from cnnkit.train.architectures import print_architectures

    print_architectures()
    context.exit()


@click.command()
@click.argument("data", nargs=-1, required=True)
@click.option(
    "--list-archs",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_architectures,
    help="Show all architectures with their sizes, and exit.",
)
@click.option("--out", "-o", type=click.Path(path_type=Path), help="The run folder  [default: runs/ARCH-DATA].")
@grouped(*_DRAWINGS)
@training_options
@click.pass_context
def command(context: click.Context, /, data: tuple[str, ...], out: Path | None, **options: Any) -> None:
    """Train a Keras CNN.

    DATA is digits, cifar10, a folder of class folders or of a divided dataset, or a list of files and labels. Several
    folders of class folders are trained on together. Numbers that no option says are those of the recipe.
    """
    from cnnkit.report import print_layers
    from cnnkit.runtime import import_keras
    from cnnkit.system import print_text, require

    require("cnnkit train", "train", "sklearn", "matplotlib")
    import_keras("cnnkit train")
    from cnnkit.train.pictures import draw_previews
    from cnnkit.train.recipes import make_request
    from cnnkit.train.runs import outcome_lines, planned_layers, run_training

    drawn, summary = (options.pop("preview_augmentation"), options.pop("sample_grid")), options.pop("summary")
    with told_how_to_go_on(context):
        request = make_request(data[0], out, {**options, "more_data": data[1:]})
        if any(drawn):
            print_text("\n".join(map(str, draw_previews(request, *drawn))))
        elif summary:
            print_layers(planned_layers(request), title=f"{request.architecture}, not trained yet")
        else:
            print_text("\n".join(outcome_lines(run_training(request))))
