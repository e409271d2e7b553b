"""The network `model_s`: valid padding, batch normalisation after the ReLU, L1 and L2 on every kernel."""

from __future__ import annotations

from typing import Any

from cnnkit.train.architectures.ends import probabilities, standardised_input
from cnnkit.train.architectures.options import NoOptions
from cnnkit.train.architectures.shape import NetworkShape


def model_s(shape: NetworkShape, _: NoOptions) -> Any:
    """Conv32-BN-Conv64-BN-pool, Conv128-BN-Conv128-BN-pool, Dropout 0.5, Dense512.

    L1 1e-5 and L2 1e-4 on the kernels of convolutions, L1 1e-3 and L2 1e-2 on those of dense layers, also the last.
    Published with inputs / 255 inside the network; `cnnkit.train.architectures.ends` says what stands in its place.
    """
    from keras import Model, layers, regularizers

    def dense_penalty() -> Any:
        return regularizers.L1L2(l1=1e-3, l2=1e-2)

    image, x = standardised_input(shape)
    for block in ((32, 64), (128, 128)):
        for filters in block:
            penalty = regularizers.L1L2(l1=1e-5, l2=1e-4)
            x = layers.Conv2D(filters, 3, activation="relu", kernel_regularizer=penalty)(x)
            x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    x = layers.Dense(512, activation="relu", kernel_regularizer=dense_penalty())(x)
    return Model(image, probabilities(x, shape, dense_penalty()), name="model_s")
