"""Counts the multiply-adds of a Keras network."""

from __future__ import annotations

from math import prod
from typing import Any

from cnnkit.runtime import flat_layers


def multiply_adds(network: Any) -> int:
    """Counts the multiply-adds of one image, those of convolutions and dense layers; all else is free.

    The same count as that of the exported graph. Layers that share their weights over several places are not known.

    Args:
        network: A keras.Model, channels last, of fixed image size; models nested in it are looked into.
    """
    return sum(_of_layer(layer) for layer in flat_layers(network))


def _of_layer(layer: Any) -> int:
    from keras import layers

    if isinstance(layer, (layers.Conv2D, layers.Dense)):
        # The kernel is (height, width, in / groups, out) or (in, out): an output value takes all but the last of them.
        count = prod(layer.output.shape[1:]) * prod(layer.kernel.shape[:-1])
    elif isinstance(layer, layers.DepthwiseConv2D):
        count = prod(layer.output.shape[1:]) * prod(layer.kernel.shape[:2])
    elif isinstance(layer, layers.SeparableConv2D):
        # Each place of the output takes the whole depthwise kernel (height, width, in, multiplier), then the pointwise.
        kernels = prod(layer.depthwise_kernel.shape) + prod(layer.pointwise_kernel.shape)
        count = prod(layer.output.shape[1:-1]) * kernels
    else:
        count = 0
    return int(count)
