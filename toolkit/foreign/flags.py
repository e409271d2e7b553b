"""What a user says of a model from elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from cnnkit.errors import UsageError
from cnnkit.foreign.answers import Head
from cnnkit.spec import Color, Interpolation, Layout, ModelSpec, Resize, wrong_labels, wrong_scaling


class InputFlags(NamedTuple):
    """How an image becomes the input of the model, as far as the user says it; None means not said.

    The model takes x = (pixel * scale - mean) / std per channel, with pixel from 0 to 255.
    """

    scale: float | None = None
    mean: tuple[float, ...] | None = None  # one number, or one a channel
    std: tuple[float, ...] | None = None  # one number, or one a channel, above 0
    color: Color | None = None  # the order of the channels that the model takes
    resize: Resize | None = None
    interpolation: Interpolation | None = None
    size: tuple[int, int] | None = None  # height, width in pixels; only for models that take any size
    layout: Layout | None = None  # of the tensor; only for ONNX files whose shape does not show it

    def says_scaling(self) -> bool:
        """Whether scale, mean or std were given."""
        return (self.scale, self.mean, self.std) != (None, None, None)


class Said(NamedTuple):
    """All that is said of a model."""

    labels: str | None = None  # a file with a name a line, or names separated by commas
    input: InputFlags = InputFlags()
    head: Head | None = None  # what the model's last layer gives
    output_name: str | None = None  # of several outputs, the one that gives the classes
    limits: tuple[float, ...] | None = None  # from where independent labels count: one number, or one a label

    def anything(self) -> bool:
        """Whether anything is said."""
        return self != Said()


def with_limits(spec: ModelSpec, limits: tuple[float, ...] | None, path: Path) -> ModelSpec:
    """Returns a spec with the limits of independent labels that are said.

    Raises:
        UsageError: Its labels are not independent, there are neither one limit nor one a label, or one is no fraction;
            or independent labels have names that an answer could not list.
    """
    problem = wrong_labels(spec.labels, independent=True) if spec.independent else None
    if problem is not None:
        raise UsageError(f"{path} {problem}: name its labels otherwise with --labels")
    if limits is None:
        return spec
    if not spec.independent:
        raise UsageError(f"{path} gives one label an image: leave out --limits, which are for independent labels")
    if len(limits) not in (1, len(spec.labels)):
        raise UsageError(f"--limits has {len(limits)} numbers, expected 1 or {len(spec.labels)}, one a label")
    if not all(0 < limit < 1 for limit in limits):
        raise UsageError(
            f"--limits holds {', '.join(f'{limit:g}' for limit in limits)}, expected numbers between 0 and 1"
        )
    return replace(spec, limits=limits * len(spec.labels) if len(limits) == 1 else limits)


def said_scaling(flags: InputFlags, channels: int) -> tuple[float, tuple[float, ...], tuple[float, ...]]:
    """Returns scale, and mean and deviation, one a channel, as they are said; 1, 0 and 1 where they are not.

    Raises:
        UsageError: There are neither one nor as many as channels, or they cannot be meant.
    """
    scale = 1.0 if flags.scale is None else flags.scale
    mean = _per_channel("--mean", flags.mean or (0.0,), channels)
    std = _per_channel("--std", flags.std or (1.0,), channels)
    problem = wrong_scaling(scale, mean, std)
    if problem is not None:
        raise UsageError(f"--{problem}")
    return scale, mean, std


def _per_channel(flag: str, values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    if len(values) not in (1, channels):
        raise UsageError(f"{flag} has {len(values)} numbers, expected 1 or {channels}, one a channel")
    return values * channels if len(values) == 1 else values
