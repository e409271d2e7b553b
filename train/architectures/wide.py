"""Networks with same padding whose wide dense layers hold nearly all parameters; kernels start Glorot-uniform.

Published with inputs / 255; `cnnkit.train.architectures.ends` says what stands in its place.
"""

from __future__ import annotations

from typing import Any

from cnnkit.train.architectures.ends import probabilities, standardised_input
from cnnkit.train.architectures.options import NoOptions
from cnnkit.train.architectures.shape import NetworkShape


def vgg2_wide(shape: NetworkShape, _: NoOptions) -> Any:
    """(Conv32-Conv32-pool)(Conv64-Conv64-pool), Dense512, Dropout 0.5."""
    return _vgg2_wide(shape, "vgg2_wide", norm=False)


def vgg2_wide_bn(shape: NetworkShape, _: NoOptions) -> Any:
    """The network of `vgg2_wide` with batch normalisation before every ReLU, and no biases in front of it."""
    return _vgg2_wide(shape, "vgg2_wide_bn", norm=True)


def vgg3_deep_head(shape: NetworkShape, _: NoOptions) -> Any:
    """(Conv-Dropout-Conv-pool) of 32, 64 and 128 filters, Dense1024, Dense512; dropout 0.2 before every dense layer."""
    from keras import Model, layers

    image, x = standardised_input(shape)
    for filters in (32, 64, 128):
        x = layers.Dropout(0.2)(layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
    x = layers.Flatten()(x)
    for units in (1024, 512):
        x = layers.Dense(units, activation="relu")(layers.Dropout(0.2)(x))
    return Model(image, probabilities(layers.Dropout(0.2)(x), shape), name="vgg3_deep_head")


def _vgg2_wide(shape: NetworkShape, name: str, *, norm: bool) -> Any:
    from keras import Model, layers

    def relu(x: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization()(x) if norm else x)

    image, x = standardised_input(shape)
    for filters in (32, 64):
        for _ in range(2):
            x = relu(layers.Conv2D(filters, 3, padding="same", use_bias=not norm)(x))
        x = layers.MaxPooling2D(2)(x)
    x = relu(layers.Dense(512, use_bias=not norm)(layers.Flatten()(x)))
    return Model(image, probabilities(layers.Dropout(0.5)(x), shape), name=name)
