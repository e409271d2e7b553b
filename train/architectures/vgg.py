"""Networks of one to three blocks Conv-Conv-pool with same padding and Dense128; kernels He-uniform but for the last.

Published with pixels standardised by one mean and one deviation, as here.
"""

from __future__ import annotations

from typing import Any

from cnnkit.train.architectures.ends import probabilities, standardised_input
from cnnkit.train.architectures.options import NoOptions
from cnnkit.train.architectures.shape import NetworkShape

_INCREASING = (0.2, 0.3, 0.4, 0.5)  # after the three pools and after Dense128


def vgg1(shape: NetworkShape, _: NoOptions) -> Any:
    """One block of 32 filters."""
    return _vgg(shape, "vgg1", (32,))


def vgg3(shape: NetworkShape, _: NoOptions) -> Any:
    """Blocks of 32, 64 and 128 filters."""
    return _vgg(shape, "vgg3", (32, 64, 128))


def vgg3_dropout(shape: NetworkShape, _: NoOptions) -> Any:
    """The network of `vgg3` with dropout 0.2 after each pool and after Dense128."""
    return _vgg(shape, "vgg3_dropout", (32, 64, 128), dropout=(0.2, 0.2, 0.2, 0.2))


def vgg3_dropout_increasing(shape: NetworkShape, _: NoOptions) -> Any:
    """The network of `vgg3` with dropout 0.2, 0.3 and 0.4 after the pools and 0.5 after Dense128."""
    return _vgg(shape, "vgg3_dropout_increasing", (32, 64, 128), dropout=_INCREASING)


def vgg3_bn(shape: NetworkShape, _: NoOptions) -> Any:
    """The network of `vgg3_dropout_increasing` with batch normalisation after every ReLU, Dense128's too."""
    return _vgg(shape, "vgg3_bn", (32, 64, 128), dropout=_INCREASING, norm=True)


def conv2(shape: NetworkShape, _: NoOptions) -> Any:
    """Conv32-pool-Conv64-pool-Dense128, same padding, He-uniform on the hidden dense layer alone."""
    from keras import Model, layers

    image, x = standardised_input(shape)
    for filters in (32, 64):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu", kernel_initializer="he_uniform")(x)
    return Model(image, probabilities(x, shape), name="conv2")


def _vgg(
    shape: NetworkShape, name: str, blocks: tuple[int, ...], *, dropout: tuple[float, ...] = (), norm: bool = False
) -> Any:
    from keras import Model, layers

    relu: dict[str, Any] = {"activation": "relu", "kernel_initializer": "he_uniform"}

    def finished(x: Any) -> Any:
        return layers.BatchNormalization()(x) if norm else x

    def dropped(x: Any, index: int) -> Any:
        return layers.Dropout(dropout[index])(x) if dropout else x

    image, x = standardised_input(shape)
    for index, filters in enumerate(blocks):
        for _ in range(2):
            x = finished(layers.Conv2D(filters, 3, padding="same", **relu)(x))
        x = dropped(layers.MaxPooling2D(2)(x), index)
    x = finished(layers.Dense(128, **relu)(layers.Flatten()(x)))
    return Model(image, probabilities(dropped(x, len(blocks)), shape), name=name)
