"""`cnnkit train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cnnkit.commands.options import grouped, training_options

_DRAWINGS = (
    click.option("--preview-augmentation", type=click.Path(path_type=Path), metavar="PNG",
                 help="Draw images with augmented versions of them, and exit."),
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
@click.option("--out", type=click.Path(path_type=Path), help="The run folder  [default: runs/ARCH-DATA].")
@grouped(*_DRAWINGS)
@training_options
def command(data: tuple[str, ...], out: Path | None, **options: Any) -> None:
    """Train a Keras CNN.

    DATA is digits, cifar10, or a folder: class folders, or train/, test/ and perhaps val/ of them. Several folders of
    class folders are trained on together.
    """
    from cnnkit.runtime import import_keras
    from cnnkit.system import require

    require("cnnkit train", "train", "sklearn", "matplotlib")
    import_keras("cnnkit train")
    from cnnkit.train.pictures import draw_previews
    from cnnkit.train.recipes import make_request
    from cnnkit.train.runs import run_training

    drawn = options.pop("preview_augmentation"), options.pop("sample_grid")
    request = make_request(data[0], out, {**options, "more_data": data[1:]})
    if any(drawn):
        click.echo("\n".join(map(str, draw_previews(request, *drawn))))
        return
    outcome = run_training(request)
    figures, split = outcome.metrics, outcome.metrics["split"]
    kept = f"epoch {figures['epoch']} of {outcome.epochs}" if figures["epoch"] else "the fitted last layer"
    click.echo(
        f"{outcome.folder}: {kept} kept, {split} accuracy "
        f"{100 * figures['top1']:.2f} % (95 % interval {100 * figures['low']:.2f} to {100 * figures['high']:.2f}, "
        f"{figures['images']:,} images)"
    )
    click.echo(f"next: cnnkit export {outcome.folder} -o model.onnx")
