"""The two ends that all networks share: pixels come in standardised, probabilities go out.

Some networks were published with inputs divided by 255. Here all take x = (pixel - z) / s with two scalars, commonly of
the training images: a straight line as well, whose two numbers the weights and the bias of the first layer can absorb,
so shapes and parameter counts stay those published. Two scalars let the exported graph take the image's bytes as they
are. With zero padding the border is then an average grey where it was black.
"""

from __future__ import annotations

from typing import Any

from cnnkit.train.architectures.shape import NetworkShape


def image_input(shape: NetworkShape) -> Any:
    """Makes the input: (N, height, width, channels) float32 pixels in 0..255."""
    from keras import Input

    return Input((shape.height, shape.width, shape.channels), name="image")


def standardised_input(shape: NetworkShape) -> tuple[Any, Any]:
    """Makes the input and what the first layer makes of it, (pixel - z) / s."""
    from keras import layers

    image = image_input(shape)
    standardise = layers.Rescaling(1.0 / shape.spread, offset=-shape.offset / shape.spread, name="standardise")
    return image, standardise(image)


def probabilities(x: Any, shape: NetworkShape, regularizer: Any = None) -> Any:
    """Makes (N, classes) probabilities of (N, features) by one dense layer; `regularizer` is its kernel's."""
    from keras import layers

    activation = "sigmoid" if shape.independent else "softmax"
    last = layers.Dense(shape.classes, activation=activation, kernel_regularizer=regularizer, name="probabilities")
    return last(x)
