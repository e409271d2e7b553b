"""The registry of networks: each builds a Keras model that takes pixels from 0 to 255 and gives probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cnnkit.errors import UsageError


@dataclass(frozen=True)
class NetworkShape:
    """What a network is built for."""

    height: int  # pixels
    width: int  # pixels
    channels: int  # 3, or 1 for grey
    classes: int
    offset: int  # z: the whole pixel value that becomes 0
    spread: float  # s: the pixel distance that becomes 1


@dataclass(frozen=True)
class Architecture:
    """A named network."""

    name: str
    size: int  # pixels a side it was designed for
    build: Callable[[NetworkShape], Any]  # gives a keras.Model


def build_network(name: str, shape: NetworkShape) -> Any:
    """Builds a network of the registry in float32.

    Returns:
        A keras.Model: (N, height, width, channels) float32 pixels in 0..255 to (N, classes) probabilities. Its first
        layer standardises by two scalars, x = (pixel - z) / s, so that an exported graph can take the image's bytes as
        they are.

    Raises:
        UsageError: There is no such architecture, or the image is too small for it.
    """
    build = find_architecture(name).build
    try:
        return build(shape)
    except ValueError as error:
        raise UsageError(f"{name} cannot be built for {shape.width} x {shape.height} pixels: {error}") from error


def find_architecture(name: str) -> Architecture:
    """Looks an architecture up.

    Raises:
        UsageError: There is no such architecture.
    """
    if name not in ARCHITECTURES:
        raise UsageError(f"no architecture {name!r}, expected one of {', '.join(sorted(ARCHITECTURES))}")
    return ARCHITECTURES[name]


def _standardised_input(shape: NetworkShape) -> tuple[Any, Any]:
    from keras import Input, layers

    image = Input((shape.height, shape.width, shape.channels), name="image")
    standardise = layers.Rescaling(1.0 / shape.spread, offset=-shape.offset / shape.spread, name="standardise")
    return image, standardise(image)


def _probabilities(x: Any, shape: NetworkShape) -> Any:
    from keras import layers

    return layers.Dense(shape.classes, activation="softmax", name="probabilities")(x)


def _conv2(shape: NetworkShape) -> Any:
    """Conv32-pool-Conv64-pool-Dense128, same padding, He-uniform on the hidden dense layer alone."""
    from keras import Model, layers

    image, x = _standardised_input(shape)
    for filters in (32, 64):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu", kernel_initializer="he_uniform")(x)
    return Model(image, _probabilities(x, shape), name="conv2")


def _resnet8(shape: NetworkShape) -> Any:
    """The ResNet-8 of MLPerf Tiny: a 16-filter stem and three residual stacks of 16, 32 and 64 filters.

    Source: Banbury et al., "MLPerf Tiny Benchmark", arXiv:2106.07597; 78,666 parameters for 32 x 32 x 3 and ten
    classes.
    """
    from keras import Model, layers

    image, x = _standardised_input(shape)
    x = layers.ReLU()(_convolution_and_norm(x, 16, 3, 1))
    for filters, strides in ((16, 1), (32, 2), (64, 2)):
        y = layers.ReLU()(_convolution_and_norm(x, filters, 3, strides))
        y = _convolution_and_norm(y, filters, 3, 1)
        if strides > 1:
            x = _convolution(x, filters, 1, strides)
        x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return Model(image, _probabilities(x, shape), name="resnet8")


def _convolution(x: Any, filters: int, size: int, strides: int) -> Any:
    from keras import layers

    return layers.Conv2D(filters, size, strides=strides, padding="same", kernel_initializer="he_normal")(x)


def _convolution_and_norm(x: Any, filters: int, size: int, strides: int) -> Any:
    from keras import layers

    return layers.BatchNormalization()(_convolution(x, filters, size, strides))


ARCHITECTURES = {
    architecture.name: architecture
    for architecture in (Architecture("conv2", 32, _conv2), Architecture("resnet8", 32, _resnet8))
}
