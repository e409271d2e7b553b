"""Networks with valid padding and, where they have batch normalisation, with it before the ReLU.

Biases stay in front of batch normalisation and kernels start Glorot-uniform, as Keras does both unless told otherwise.
Published with inputs / 255; `cnnkit.train.architectures.ends` says what stands in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cnnkit.train.architectures.ends import probabilities, standardised_input
from cnnkit.train.architectures.options import NoOptions, whole
from cnnkit.train.architectures.shape import NetworkShape


@dataclass(frozen=True)
class Bn2Options:
    """Widths; the published search space is 32 to 64 by 16, 64 to 128 by 32 and 64 to 128 by 32."""

    filters1: int = whole(48, 1, 1024)  # of the first convolution
    filters2: int = whole(96, 1, 1024)  # of the second
    units: int = whole(96, 1, 4096)  # of the hidden dense layer


def bn3(shape: NetworkShape, _: NoOptions) -> Any:
    """Conv32-pool-Conv64-pool-Conv64-Dense64, BN-ReLU after each convolution and the dense layer."""
    return _bn3(shape, "bn3", dropout=(0.0, 0.0, 0.0, 0.0), penalty=0.0)


def bn3_regularized(shape: NetworkShape, _: NoOptions) -> Any:
    """The network of `bn3` with L2 1e-5 on all kernels but the last layer's, and dropout at the end of every block."""
    return _bn3(shape, "bn3_regularized", dropout=(0.1, 0.2, 0.3, 0.4), penalty=1e-5)


def bn2(shape: NetworkShape, options: Bn2Options) -> Any:
    """Conv-BN-ReLU-pool twice and Dense-BN-ReLU; the default widths are the middle of the published search space."""
    from keras import Model, layers

    image, x = standardised_input(shape)
    for filters in (options.filters1, options.filters2):
        x = layers.MaxPooling2D(2)(_norm_relu(layers.Conv2D(filters, 3)(x)))
    x = _norm_relu(layers.Dense(options.units)(layers.Flatten()(x)))
    return Model(image, probabilities(x, shape), name="bn2")


def conv3_tuned(shape: NetworkShape, _: NoOptions) -> Any:
    """Conv64-pool-Conv128-pool-Conv96-Dense128 with ReLU and without batch normalisation."""
    from keras import Model, layers

    image, x = standardised_input(shape)
    for filters in (64, 128):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, activation="relu")(x))
    x = layers.Flatten()(layers.Conv2D(96, 3, activation="relu")(x))
    x = layers.Dense(128, activation="relu")(x)
    return Model(image, probabilities(x, shape), name="conv3_tuned")


def _bn3(shape: NetworkShape, name: str, *, dropout: tuple[float, ...], penalty: float) -> Any:
    from keras import Model, layers, regularizers

    def penalised() -> Any:
        return regularizers.L2(penalty) if penalty else None

    def dropped(x: Any, rate: float) -> Any:
        return layers.Dropout(rate)(x) if rate else x

    image, x = standardised_input(shape)
    for index, filters in enumerate((32, 64, 64)):
        x = _norm_relu(layers.Conv2D(filters, 3, kernel_regularizer=penalised())(x))
        x = layers.MaxPooling2D(2)(x) if index < 2 else x
        x = dropped(x, dropout[index])
    x = _norm_relu(layers.Dense(64, kernel_regularizer=penalised())(layers.Flatten()(x)))
    return Model(image, probabilities(dropped(x, dropout[3]), shape), name=name)


def _norm_relu(x: Any) -> Any:
    from keras import layers

    return layers.ReLU()(layers.BatchNormalization()(x))
