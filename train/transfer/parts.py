"""The parts of a network that has learned before: what gives its features, the head, and what goes on learning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_UPPER = 16  # layers whose output has at most one sixteenth of the image's height are the upper ones


@dataclass(frozen=True)
class Parts:
    """A network taken apart; all parts share its weights."""

    body: Any  # keras.Model: the pretrained base nested in the network, or the network itself
    features: Any  # keras.Model: (N, H, W, C) float32 pixels in 0..255 to (N, F) float32, all layers but the last
    head: Any  # the last layer, a keras.layers.Dense from features to probabilities


def find_parts(network: Any) -> Parts | None:
    """Takes a network apart.

    Args:
        network: A keras.Model.

    Returns:
        Its parts; None where it ends in something else than a Dense layer with a softmax or sigmoids.
    """
    import keras

    head = network.layers[-1]
    if type(head) is not keras.layers.Dense or head.get_config()["activation"] not in ("softmax", "sigmoid"):
        return None
    nested = [layer for layer in network.layers if hasattr(layer, "layers")]
    body = nested[0] if len(nested) == 1 else network
    return Parts(body, keras.Model(network.input, head.input), head)


def freeze_lower(parts: Parts) -> None:
    """Keeps the lower layers and all batch normalisation of the body from learning.

    The lower ones see edges and textures, which are the same in all photos, and cost most of the time. Statistics of
    batches of a few dozen photos are worse than those of the millions that the base has seen.
    """
    import keras

    height = parts.features.input_shape[1]
    for layer in parts.body.layers:
        shape: tuple[Any, ...] = getattr(layer.output, "shape", ())
        lower = len(shape) == 4 and shape[1] * _UPPER > height
        if lower or isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
