"""A small network of depthwise-separable convolutions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cnnkit.train.architectures.ends import probabilities, standardised_input
from cnnkit.train.architectures.options import whole
from cnnkit.train.architectures.shape import NetworkShape

# Strides and width of each depthwise-separable block, the width as a multiple of the stem's.
_BLOCKS = ((1, 2), (2, 4), (1, 4), (2, 8), (1, 8), (2, 16), *[(1, 16)] * 5, (2, 32), (1, 32))


@dataclass(frozen=True)
class MobileNetV1Options:
    """How wide."""

    width: int = whole(8, 1, 64)  # filters of the stem; 32 is the full MobileNet


def mobilenet_v1(shape: NetworkShape, options: MobileNetV1Options) -> Any:
    """MobileNet (v1) at a quarter of its width, as MLPerf Tiny recognises persons with it.

    Source: Howard et al., "MobileNets", arXiv:1704.04861, table 1; Banbury et al., "MLPerf Tiny Benchmark",
    arXiv:2106.07597, visual wake words: 96 x 96 x 3, width 8, ReLU, same padding, biases, He-normal; 221,794 parameters
    for two classes. Its L2 penalty is left to the recipe's weight decay.
    """
    from keras import Model, layers

    image, x = standardised_input(shape)
    width = options.width
    x = _norm_relu(layers.Conv2D(width, 3, strides=2, padding="same", kernel_initializer="he_normal")(x))
    for strides, multiple in _BLOCKS:
        depthwise = layers.DepthwiseConv2D(3, strides=strides, padding="same", depthwise_initializer="he_normal")
        x = _norm_relu(depthwise(x))
        x = _norm_relu(layers.Conv2D(width * multiple, 1, kernel_initializer="he_normal")(x))
    x = layers.GlobalAveragePooling2D()(x)
    return Model(image, probabilities(x, shape), name="mobilenet_v1")


def _norm_relu(x: Any) -> Any:
    from keras import layers

    return layers.ReLU()(layers.BatchNormalization()(x))
