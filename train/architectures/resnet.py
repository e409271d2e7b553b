"""Residual networks for small images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cnnkit.train.architectures.ends import probabilities, standardised_input
from cnnkit.train.architectures.options import NoOptions, whole
from cnnkit.train.architectures.shape import NetworkShape


@dataclass(frozen=True)
class ResNet8Options:
    """How wide."""

    width: int = whole(16, 1, 512)  # filters of the stem and the first stack; the next two have 2 and 4 times as many


def resnet8(shape: NetworkShape, options: ResNet8Options) -> Any:
    """The ResNet-8 of MLPerf Tiny: a stem and three residual stacks of one block each; convolutions keep their biases.

    Source: Banbury et al., "MLPerf Tiny Benchmark", arXiv:2106.07597; for 32 x 32 x 3 and ten classes 78,666 parameters
    at width 16, and 482,730 at width 40, its second image classification. Its L2 penalty is left to the recipe's weight
    decay.
    """
    from keras import Model, layers

    image, x = standardised_input(shape)
    width = options.width
    x = layers.ReLU()(_convolution_and_norm(x, width, 3, 1))
    for filters, strides in ((width, 1), (2 * width, 2), (4 * width, 2)):
        y = layers.ReLU()(_convolution_and_norm(x, filters, 3, strides))
        y = _convolution_and_norm(y, filters, 3, 1)
        if strides > 1:
            x = _convolution(x, filters, 1, strides)
        x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return Model(image, probabilities(x, shape), name="resnet8")


def resnet20(shape: NetworkShape, _: NoOptions) -> Any:
    """The ResNet-20 for CIFAR; see `_resnet`."""
    return _resnet(shape, "resnet20", blocks=3)


def resnet32(shape: NetworkShape, _: NoOptions) -> Any:
    """The ResNet-32 for CIFAR; see `_resnet`."""
    return _resnet(shape, "resnet32", blocks=5)


def resnet56(shape: NetworkShape, _: NoOptions) -> Any:
    """The ResNet-56 for CIFAR; see `_resnet`."""
    return _resnet(shape, "resnet56", blocks=9)


def _resnet(shape: NetworkShape, name: str, *, blocks: int) -> Any:
    """A stem and three stacks of `blocks` residual blocks with 16, 32 and 64 filters: 6 * blocks + 2 weighted layers.

    Source: He et al., "Deep Residual Learning for Image Recognition", arXiv:1512.03385, section 4.2, with the shortcuts
    of option B (1 x 1 convolution and batch normalisation where the shape changes), with which 0.27, 0.47 and 0.86
    million parameters are published, and no biases in front of batch normalisation.
    """
    from keras import Model, layers

    image, x = standardised_input(shape)
    x = layers.ReLU()(_convolution_and_norm(x, 16, 3, 1, bias=False))
    for filters in (16, 32, 64):
        for block in range(blocks):
            strides = 2 if block == 0 and filters > 16 else 1
            y = layers.ReLU()(_convolution_and_norm(x, filters, 3, strides, bias=False))
            y = _convolution_and_norm(y, filters, 3, 1, bias=False)
            if strides > 1:
                x = _convolution_and_norm(x, filters, 1, strides, bias=False)
            x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return Model(image, probabilities(x, shape), name=name)


def _convolution(x: Any, filters: int, size: int, strides: int, *, bias: bool = True) -> Any:
    from keras import layers

    convolution = layers.Conv2D(
        filters, size, strides=strides, padding="same", use_bias=bias, kernel_initializer="he_normal"
    )
    return convolution(x)


def _convolution_and_norm(x: Any, filters: int, size: int, strides: int, *, bias: bool = True) -> Any:
    from keras import layers

    return layers.BatchNormalization()(_convolution(x, filters, size, strides, bias=bias))
