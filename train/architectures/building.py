"""Builds the network that was chosen."""

from __future__ import annotations

from typing import Any

from cnnkit.errors import UsageError
from cnnkit.train.architectures.choosing import choose_architecture, find_architecture
from cnnkit.train.architectures.shape import NetworkShape


def build_network(text: str, shape: NetworkShape) -> Any:
    """Builds a network in float32.

    Args:
        text: See `choose_architecture`.
        shape: What it is for.

    Returns:
        A keras.Model: (N, height, width, channels) float32 pixels in 0..255 to (N, classes) probabilities. Its first
        layer standardises, by two scalars, x = (pixel - z) / s, unless ImageNet's scaling is called for: so an exported
        graph can take the image's bytes as they are.

    Raises:
        UsageError: There is no such architecture, the image is too small for it, or the user's function gives what
            cannot be trained.
        DataError: Weights are not to be had.
    """
    chosen = choose_architecture(text)
    check_size(text, shape.height, shape.width)
    try:
        return chosen.architecture.build(shape, chosen.options)
    except ValueError as error:
        raise UsageError(f"{text} cannot be built for {shape.height} x {shape.width} pixels: {error}") from error


def check_size(text: str, height: int, width: int) -> None:
    """Checks that an architecture can be built for an image's size in pixels.

    Raises:
        UsageError: There is no such architecture, or the image is too small for it.
    """
    smallest = find_architecture(text).smallest
    if min(height, width) < smallest:
        raise UsageError(
            f"{text} cannot be built for {height} x {width} pixels, expected at least {smallest} a side: "
            f"pass --size {smallest} or more"
        )
