"""The layers of a Keras network: what each gives, its weights, and the multiply-adds of one image."""

from __future__ import annotations

from math import prod
from typing import Any

from cnnkit.runtime.keras import flat_layers
from cnnkit.spec import LayerFacts

Shape = tuple[int | None, ...]

_LOOKED_UP = ("Embedding", "PReLU")  # tables of numbers, of which each value takes one


def keras_layers(network: Any) -> tuple[LayerFacts, ...]:
    """Lists the layers in the order in which they are applied, those of nested models in their place.

    Weights that several layers share are counted with the first of them.

    Args:
        network: A keras.Model.
    """
    counted: set[int] = set()
    return tuple(_facts(layer, counted) for layer in flat_layers(network))


def multiply_adds(network: Any) -> int:
    """Counts the multiply-adds of one image, those of convolutions and dense layers; all else is free.

    The same count as that of the exported graph. Layers that share their weights over several places are not known.

    Args:
        network: A keras.Model, channels last, of fixed image size; models nested in it are looked into.
    """
    return sum(_multiply_adds(layer, tuple(layer.output.shape[1:])) for layer in _multiplying(network))


def _facts(layer: Any, counted: set[int]) -> LayerFacts:
    fresh = [weight for weight in layer.weights if id(weight) not in counted]
    counted.update(map(id, fresh))
    shape = _output_shape(layer)
    parameters = sum(prod(weight.shape) for weight in fresh)
    return LayerFacts(layer.name, type(layer).__name__, shape, parameters, _products(layer, shape))


def _products(layer: Any, shape: Shape | None) -> int | None:
    """Returns a layer's multiply-adds; None where its shape is open, or its weights multiply in a way of their own."""
    if _multiplies(layer):
        return None if shape is None or None in shape else _multiply_adds(layer, shape)
    matrices = type(layer).__name__ not in _LOOKED_UP and any(len(weight.shape) > 1 for weight in layer.weights)
    return None if matrices else 0


def _output_shape(layer: Any) -> Shape | None:
    """Returns the shape of the first output of one image; None of a layer that is called from a model's own code."""
    try:
        output = layer.output
    except (AttributeError, ValueError):
        return None
    first = output[0] if isinstance(output, (list, tuple)) else output
    return tuple(first.shape[1:])


def _multiplying(network: Any) -> list[Any]:
    return [layer for layer in flat_layers(network) if _multiplies(layer)]


def _multiplies(layer: Any) -> bool:
    from keras import layers

    return isinstance(layer, (layers.Conv2D, layers.Dense, layers.DepthwiseConv2D, layers.SeparableConv2D))


def _multiply_adds(layer: Any, shape: Any) -> int:
    """Counts those of a layer that multiplies, with an output of a shape."""
    from keras import layers

    if isinstance(layer, layers.DepthwiseConv2D):
        return int(prod(shape) * prod(layer.kernel.shape[:2]))
    if isinstance(layer, layers.SeparableConv2D):
        # Each place of the output takes the whole depthwise kernel (height, width, in, multiplier), then the pointwise.
        kernels = prod(layer.depthwise_kernel.shape) + prod(layer.pointwise_kernel.shape)
        return int(prod(shape[:-1]) * kernels)
    # The kernel is (height, width, in / groups, out) or (in, out): an output value takes all but the last of them.
    return int(prod(shape) * prod(layer.kernel.shape[:-1]))
