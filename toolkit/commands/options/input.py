"""What a model from elsewhere takes, said by flags."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from cnnkit.commands.options.shared import add, taken
from cnnkit.commands.options.values import number, numbers, size

if TYPE_CHECKING:
    from cnnkit.foreign import Said

_NAMES = ("scale", "mean", "std", "color", "resize", "interpolation", "size", "layout")
_OPTIONS = (
    click.option("--labels", help="Class names in output order: a file with one a line, or a,b,c."),
    click.option("--scale", type=number, help="The model takes (pixel * scale - mean) / std; 1/255 works."),
    click.option("--mean", type=numbers, help="One number, or one a channel: 0.485,0.456,0.406."),
    click.option("--std", type=numbers, help="One number, or one a channel."),
    click.option(
        "--color", type=click.Choice(["rgb", "bgr", "gray"]),
        help="The order of the channels it takes  [default: rgb, or gray of one].",
    ),
    click.option(
        "--resize", type=click.Choice(["squash", "crop", "pad"]),
        help="How an image becomes its size  [default: the run's own, or squash].",
    ),
    click.option(
        "--interpolation", type=click.Choice(["area", "linear", "cubic"]),
        help="By which it is resized  [default: the run's own, or area].",
    ),
    click.option("--size", type=size, help="HEIGHTxWIDTH, for models that take any size."),
    click.option("--layout", type=click.Choice(["nhwc", "nchw"]), help="For ONNX files whose shape does not show it."),
    click.option(
        "--head", type=click.Choice(["softmax", "sigmoid", "logits", "sigmoid-logits"]),
        help="What its last layer gives  [default: as it shows].",
    ),
    click.option("--output-name", help="Of several outputs, the one that gives the classes."),
    click.option(
        "--limits", type=numbers,
        help="Of labels that do not exclude one another: from which probability on each counts, one number or one a "
        "label  [default: 0.5].",
    ),
)  # fmt: skip


def input_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the flags to a command."""
    return add(_OPTIONS, command)


def take_said(options: dict[str, Any]) -> Said:
    """Takes what is said of a model out of a command's options."""
    from cnnkit.foreign import InputFlags, Said

    flags = InputFlags(**taken(options, *_NAMES))
    return Said(options.pop("labels"), flags, options.pop("head"), options.pop("output_name"), options.pop("limits"))
