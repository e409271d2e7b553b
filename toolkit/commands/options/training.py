"""The options of every command that trains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cnnkit.commands.options.recipe import recipe_options
from cnnkit.commands.options.shared import max_pixels_option, seed_option, strict_option
from cnnkit.commands.options.values import Range
from cnnkit.spec import LARGEST_SIDE

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_NETWORK = (
    click.option("--arch", "architecture",
                 help="auto, a name of cnnkit train --list-archs, options behind it: resnet8:width=32; or your own: "
                 "package.module:function  [default: the one that the recipe is for, else auto]."),
    click.option("--weights", metavar="imagenet|none|FILE",
                 help="What training starts from: imagenet where the architecture has such weights, or a .keras, .h5 "
                 "or .weights.h5 file of the same network, with or without its last layer  [default: imagenet]."),
    click.option("--from", "earlier", type=click.Path(path_type=Path), metavar="RUN",
                 help="Go on from an earlier run: its network and weights, its classes by name, new ones beside."),
    click.option("--recipe",
                 help="A recipe's name, a TOML file or a run's config.json  [default: the architecture's own]."),
    click.option("--head-only", is_flag=True, default=None,
                 help="Fit the last layer of a pretrained network alone, in seconds: --epochs 0."),
    click.option("--config", type=click.Path(path_type=Path),
                 help="Repeat a run: its config.json, with --recipe and all."),
)  # fmt: skip
_REQUEST = (
    click.option("--size", type=click.IntRange(8, LARGEST_SIDE),
                 help="Pixels a side  [default: the architecture's own]."),
    click.option("--color", type=click.Choice(["rgb", "gray"]),
                 help="The channels it takes  [default: gray for digits, else rgb]."),
    click.option("--resize", type=click.Choice(["squash", "crop", "pad"]),
                 help="How an image becomes its size  [default: squash]."),
    click.option("--validation", type=Range(0.001, 0.9),
                 help="Share of the training images that chooses the epoch, without a val folder  [default: 0.1]."),
    seed_option("Of all that is drawn at random  [default: 0].", None),
    click.option("--teacher", type=click.Path(path_type=Path), help="A run whose network's answers are learned too."),
    click.option("--max-images", type=click.IntRange(1), help="Use at most this many training images."),
    click.option("--data-dir", "data_folder", type=click.Path(path_type=Path),
                 help="Folder of CIFAR-10's binary version  [default: the Keras cache]."),
    click.option("--resume", is_flag=True, help="Go on after the last finished epoch."),
    click.option("--overwrite", is_flag=True, help="Start anew in a folder that holds a run."),
    click.option("--tensorboard", is_flag=True, help="Write every epoch for TensorBoard, into the run folder."),
)  # fmt: skip
_DATA = (
    click.option("--val-data", type=click.Path(path_type=Path), help="Class folders that choose the epoch."),
    click.option("--test-data", type=click.Path(path_type=Path), help="Class folders to measure with, at the end."),
    strict_option,
    max_pixels_option,
    click.option("--image-cache", type=click.IntRange(0), metavar="MIB",
                 help="Keep decoded images in memory where all take up to so much; else read files anew every epoch  "
                 "[default: 1024]."),
)  # fmt: skip
_DEVICES = (
    click.option("--mixed-precision", is_flag=True, help="16-bit arithmetic, 32-bit weights."),
    click.option("--jit/--no-jit", default=None, help="Compile with XLA  [default: on GPUs]."),
    click.option("--deterministic", is_flag=True, help="Same seed, same weights; slower."),
)


def grouped(*options: Any) -> Callable[[Decorated], Decorated]:
    """Makes one decorator of several options, shown in their order."""

    def decorate(function: Decorated) -> Decorated:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def training_options(function: Decorated) -> Decorated:
    """Adds network, recipe, data and devices; what is not given is None, or False for what is on or off."""
    return grouped(*_NETWORK, *recipe_options(), *_REQUEST, *_DEVICES, *_DATA)(function)
