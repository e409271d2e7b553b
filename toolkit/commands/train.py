"""`cnnkit train`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cnnkit.commands.recipe_options import recipe_options

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

REQUEST_OPTIONS = (
    click.option("--size", type=click.IntRange(8), help="Pixels a side  [default: the architecture's own]."),
    click.option("--color", type=click.Choice(["rgb", "gray"]), help="[default: gray for digits, else rgb]"),
    click.option("--resize", type=click.Choice(["squash", "crop", "pad"]), help="[default: squash]"),
    click.option("--validation", type=click.FloatRange(0.001, 0.9),
                 help="Share of the training images that chooses the epoch, without a val folder  [default: 0.1]."),
    click.option("--seed", type=click.IntRange(0), help="[default: 0]"),
    click.option("--teacher", type=click.Path(path_type=Path), help="A run whose network's answers are learned too."),
    click.option("--max-images", type=click.IntRange(1), help="Use at most this many training images."),
    click.option("--data-dir", "data_folder", type=click.Path(path_type=Path),
                 help="Folder of CIFAR-10's binary version  [default: the Keras cache]."),
    click.option("--resume", is_flag=True, help="Go on after the last finished epoch."),
    click.option("--overwrite", is_flag=True, help="Start anew in a folder that holds a run."),
)  # fmt: skip
DATA_OPTIONS = (
    click.option("--val-data", type=click.Path(path_type=Path), help="Class folders that choose the epoch."),
    click.option("--test-data", type=click.Path(path_type=Path), help="Class folders to measure with, at the end."),
    click.option("--strict", is_flag=True, help="Stop at an image that cannot be read, instead of leaving it out."),
    click.option("--max-pixels", type=click.IntRange(1), help="Refuse larger images  [default: 178956970]."),
    click.option("--image-cache", type=click.IntRange(0), metavar="MIB",
                 help="Keep decoded images in memory where all take up to so much; else read files anew every epoch  "
                 "[default: 1024]."),
    click.option("--preview-augmentation", type=click.Path(path_type=Path), metavar="PNG",
                 help="Draw images with augmented versions of them, and exit."),
    click.option("--sample-grid", type=click.Path(path_type=Path), metavar="PNG",
                 help="Draw training images of every class, and exit."),
)  # fmt: skip
DEVICE_OPTIONS = (
    click.option("--mixed-precision", is_flag=True, help="16-bit arithmetic, 32-bit weights."),
    click.option("--jit/--no-jit", default=None, help="Compile with XLA  [default: on GPUs]."),
    click.option("--deterministic", is_flag=True, help="Same seed, same weights; slower."),
)


def _grouped(*options: Any) -> Callable[[Decorated], Decorated]:
    def decorate(function: Decorated) -> Decorated:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _list_architectures(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from cnnkit.keras_runtime import import_keras

    import_keras("cnnkit train --list-archs")
    from cnnkit.train.architectures.listing import print_architectures

    print_architectures()
    context.exit()


@click.command()
@click.argument("data", nargs=-1, required=True)
@click.option(
    "--arch",
    "architecture",
    help="A name of --list-archs, options behind it: resnet8:width=32; or your own: package.module:function  "
    "[default: conv2].",
)
@click.option(
    "--list-archs",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_architectures,
    help="Show all architectures with their sizes, and exit.",
)
@click.option(
    "--weights",
    type=click.Choice(["imagenet", "none"]),
    help="What architectures with ImageNet weights start from  [default: imagenet].",
)
@click.option(
    "--recipe", help="A recipe's name, a TOML file or a run's config.json  [default: the architecture's own]."
)
@click.option("--config", type=click.Path(path_type=Path), help="Repeat a run: its config.json, with --recipe and all.")
@click.option("--out", type=click.Path(path_type=Path), help="The run folder  [default: runs/ARCH-DATA].")
@_grouped(*recipe_options(), *REQUEST_OPTIONS, *DEVICE_OPTIONS, *DATA_OPTIONS)
def command(data: tuple[str, ...], out: Path | None, **options: Any) -> None:
    """Train a Keras CNN.

    DATA is digits, cifar10, or a folder: class folders, or train/, test/ and perhaps val/ of them. Several folders of
    class folders are trained on together.
    """
    from cnnkit.extras import require
    from cnnkit.keras_runtime import import_keras

    require("cnnkit train", "train", "sklearn", "matplotlib")
    import_keras("cnnkit train")
    from cnnkit.train.options import make_request
    from cnnkit.train.previews import draw_previews
    from cnnkit.train.training import run_training

    drawn = options.pop("preview_augmentation"), options.pop("sample_grid")
    request = make_request(data[0], out, {**options, "more_data": data[1:]})
    if any(drawn):
        click.echo("\n".join(map(str, draw_previews(request, *drawn))))
        return
    outcome = run_training(request)
    figures, split = outcome.metrics, outcome.metrics["split"]
    click.echo(
        f"{outcome.folder}: epoch {figures['epoch']} of {len(outcome.history)} kept, {split} accuracy "
        f"{100 * figures['top1']:.2f} % (95 % interval {100 * figures['low']:.2f} to {100 * figures['high']:.2f}, "
        f"{figures['images']:,} images)"
    )
    click.echo(f"next: cnnkit export {outcome.folder} -o model.onnx")
