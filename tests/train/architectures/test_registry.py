"""The registry: sizes, shapes and options of every network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cnnkit.errors import UsageError
from cnnkit.runtime.keras import flat_layers
from cnnkit.runtime.layer_counting import multiply_adds
from cnnkit.train.architectures import (
    ARCHITECTURES,
    NetworkShape,
    build_network,
    check_size,
)

SHAPE = NetworkShape(32, 32, 3, 10, offset=121, spread=64.0)
LITES = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")
PRETRAINED = ("mobilenet_v3_small", "efficientnet_v2_b0", *LITES)
RANDOM = {name: f"{name}:weights=none" for name in PRETRAINED}


def shape_of(size: int, channels: int = 3, classes: int = 10) -> NetworkShape:
    return NetworkShape(size, size, channels, classes, offset=100, spread=50.0)


def layers_of(text: str, kind: str) -> list[Any]:
    return [layer for layer in flat_layers(build_network(text, SHAPE)) if type(layer).__name__ == kind]


# Weights and biases of convolutions and dense layers in order, then four numbers a channel of batch normalisation.
PARAMETERS = {
    "conv2": 896 + 18_496 + 524_416 + 1_290,
    "vgg1": 896 + 9_248 + 1_048_704 + 1_290,
    "vgg3": 896 + 9_248 + 18_496 + 36_928 + 73_856 + 147_584 + 262_272 + 1_290,
    "vgg3_dropout": 550_570,
    "vgg3_dropout_increasing": 550_570,
    "vgg3_bn": 550_570 + 4 * (2 * 32 + 2 * 64 + 2 * 128 + 128),
    "vgg2_wide": 2_168_362,  # published
    "vgg2_wide_bn": 864 + 9_216 + 18_432 + 36_864 + 2_097_152 + 5_130 + 4 * (2 * 32 + 2 * 64 + 512),
    "vgg3_deep_head": 896 + 9_248 + 18_496 + 36_928 + 73_856 + 147_584 + 2_098_176 + 524_800 + 5_130,
    "bn2": 1_344 + 41_568 + 331_872 + 970 + 4 * (48 + 96 + 96),
    "bn2:filters1=32,filters2=64,units=64": 896 + 18_496 + 147_520 + 650 + 4 * (32 + 64 + 64),
    "bn3": 896 + 18_496 + 36_928 + 65_600 + 650 + 4 * (32 + 64 + 64 + 64),
    "bn3_regularized": 123_466,
    "conv3_tuned": 1_792 + 73_856 + 110_688 + 196_736 + 1_290,
    "model_s": 1_886_282,  # published
    "resnet8": 78_666,  # published
    "resnet8:width=40": 482_730,  # published
    "best": 277_994,
    # Published without moving averages, which are 2 numbers for each of 784, 1,232 and 2,128 channels.
    "resnet20": 272_474 + 2 * 784,
    "resnet32": 466_906 + 2 * 1_232,
    "resnet56": 855_770 + 2 * 2_128,
    "mobilenet_v1": 221_794 + 8 * 257,  # published for two classes
    # Published with 1,000 classes and without moving averages.
    "efficientnet_lite0:weights=none": 4_652_008 - 990 * 1_281 + 2 * 21_008,
    "efficientnet_lite1:weights=none": 5_416_680 - 990 * 1_281 + 2 * 26_832,
    "efficientnet_lite2:weights=none": 6_092_072 - 990 * 1_281 + 2 * 29_048,
    "mobilenet_v3_small:weights=none": 939_120 + 5_770,  # published without the head
    "efficientnet_v2_b0:weights=none": 5_919_312 + 12_810,  # published without the head
}


def test_every_architecture_is_counted() -> None:
    assert {text.partition(":")[0] for text in PARAMETERS} == set(ARCHITECTURES)


@pytest.mark.parametrize(("text", "parameters"), PARAMETERS.items(), ids=PARAMETERS)
def test_parameter_counts(text: str, parameters: int) -> None:
    size = 32 if ARCHITECTURES[text.partition(":")[0]].size < 224 else 64
    assert build_network(text, shape_of(size)).count_params() == parameters


@pytest.mark.parametrize(
    ("text", "size", "millions"),
    [
        pytest.param("resnet8", 32, 12.5, id="resnet8"),
        pytest.param("resnet8:width=40", 32, 76.5, id="resnet8, width 40"),
        pytest.param("resnet20", 32, 41, id="resnet20"),
        pytest.param("resnet32", 32, 69, id="resnet32"),
        pytest.param("mobilenet_v1", 96, 7.5, id="mobilenet_v1"),
    ],
)
def test_multiply_adds_are_those_published(text: str, size: int, millions: float) -> None:
    digits = 1 if millions % 1 else 0
    assert round(multiply_adds(build_network(text, shape_of(size))) / 1e6, digits) == millions


def test_multiply_adds_of_separable_layers_in_a_nested_network() -> None:
    import keras

    inner = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.SeparableConv2D(5, 3, depth_multiplier=2)])
    flat = keras.Sequential([keras.Input((8, 8, 3)), inner, keras.layers.Flatten(), keras.layers.Dense(4)])
    assert multiply_adds(flat) == 6 * 6 * (3 * 3 * 3 * 2 + 6 * 5) + 6 * 6 * 5 * 4


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_networks_take_grey_pixels_and_give_probabilities(name: str) -> None:
    size = max(ARCHITECTURES[name].smallest, 8)
    network = build_network(RANDOM.get(name, name), shape_of(size, channels=1, classes=4))
    pixels = np.random.default_rng(0).integers(0, 256, (3, size, size, 1)).astype(np.float32)
    probabilities = np.asarray(network(pixels, training=False))
    assert probabilities.shape == (3, 4)
    assert probabilities.sum(axis=1) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name not in PRETRAINED])
def test_the_first_layer_standardises_by_two_scalars(name: str) -> None:
    standardise = build_network(name, SHAPE).layers[1]
    assert np.asarray(standardise(np.full((1, 1, 1, 3), 121.0 + 64.0))) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("name", "pixel", "expected"),
    [
        pytest.param("mobilenet_v3_small", (0.0, 127.5, 255.0), (-1.0, 0.0, 1.0), id="to -1 .. 1"),
        pytest.param("efficientnet_v2_b0", (123.675, 116.28, 160.905), (0.0, 0.0, 1.0), id="by ImageNet's moments"),
        *(pytest.param(name, (0.0, 127.0, 255.0), (-127 / 128, 0.0, 1.0), id=name) for name in LITES),
    ],
)
def test_networks_with_imagenet_weights_scale_as_they_were_trained(
    name: str, pixel: tuple[float, ...], expected: tuple[float, ...]
) -> None:
    standardise = build_network(RANDOM[name], SHAPE).get_layer("standardise")
    answer = np.asarray(standardise(np.array(pixel, np.float32).reshape(1, 1, 1, 3)))
    assert answer.ravel() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if 1 < ARCHITECTURES[name].smallest < 32])
def test_the_smallest_size_is_the_smallest(name: str) -> None:
    architecture = ARCHITECTURES[name]
    side = architecture.smallest
    assert architecture.build(shape_of(side), architecture.options()).output_shape == (None, 10)
    with pytest.raises(ValueError, match=r"negative|one or more|smaller|invalid|not positive|zero"):
        architecture.build(shape_of(side - 1), architecture.options())
    message = f"{name} cannot be built for 40 x {side - 1} pixels, expected at least {side} a side: pass --size {side}"
    with pytest.raises(UsageError, match=message):
        check_size(name, 40, side - 1)


def dropout_rates(text: str) -> list[float]:
    return [layer.rate for layer in layers_of(text, "Dropout")]


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        pytest.param("bn3", [], id="bn3"),
        pytest.param("bn3_regularized", [0.1, 0.2, 0.3, 0.4], id="bn3_regularized"),
        pytest.param("vgg3", [], id="vgg3"),
        pytest.param("vgg3_dropout", [0.2] * 4, id="vgg3_dropout"),
        pytest.param("vgg3_dropout_increasing", [0.2, 0.3, 0.4, 0.5], id="vgg3_dropout_increasing"),
        pytest.param("vgg3_bn", [0.2, 0.3, 0.4, 0.5], id="vgg3_bn"),
        pytest.param("vgg2_wide", [0.5], id="vgg2_wide"),
        pytest.param("vgg3_deep_head", [0.2] * 6, id="vgg3_deep_head"),
        pytest.param("model_s", [0.5], id="model_s"),
    ],
)
def test_dropout(name: str, rates: list[float]) -> None:
    assert dropout_rates(name) == rates


@pytest.mark.parametrize(
    ("name", "conv", "hidden", "last"),
    [
        pytest.param("bn3", None, None, None, id="bn3"),
        pytest.param("bn3_regularized", (0.0, 1e-5), (0.0, 1e-5), None, id="bn3_regularized"),
        pytest.param("model_s", (1e-5, 1e-4), (1e-3, 1e-2), (1e-3, 1e-2), id="model_s"),
    ],
)
def test_penalties(name: str, conv: object, hidden: object, last: object) -> None:
    def penalty(layer: Any) -> object:
        found = layer.kernel_regularizer
        return None if found is None else (float(getattr(found, "l1", 0.0)), float(found.l2))

    dense = layers_of(name, "Dense")
    assert [penalty(layer) for layer in layers_of(name, "Conv2D")] == [
        pytest.approx(conv) if conv else None for _ in layers_of(name, "Conv2D")
    ]
    assert [penalty(layer) for layer in dense] == [pytest.approx(want) if want else None for want in (hidden, last)]


@pytest.mark.parametrize(
    ("name", "padding", "kernel", "order"),
    [
        pytest.param("bn3", "valid", "GlorotUniform", "Conv2D BatchNormalization ReLU MaxPooling2D", id="bn3"),
        pytest.param("bn2", "valid", "GlorotUniform", "Conv2D BatchNormalization ReLU MaxPooling2D", id="bn2"),
        pytest.param("conv3_tuned", "valid", "GlorotUniform", "Conv2D MaxPooling2D Conv2D", id="conv3_tuned"),
        pytest.param(
            "vgg3_bn", "same", "HeUniform", "Conv2D BatchNormalization Conv2D BatchNormalization", id="vgg3_bn"
        ),
        pytest.param("vgg1", "same", "HeUniform", "Conv2D Conv2D MaxPooling2D Flatten Dense Dense", id="vgg1"),
        pytest.param("vgg2_wide_bn", "same", "GlorotUniform", "Conv2D BatchNormalization ReLU", id="vgg2_wide_bn"),
        pytest.param("vgg3_deep_head", "same", "GlorotUniform", "Conv2D Dropout Conv2D MaxPooling2D", id="deep head"),
        pytest.param("model_s", "valid", "GlorotUniform", "Conv2D BatchNormalization Conv2D", id="model_s"),
        pytest.param("resnet20", "same", "HeNormal", "Conv2D BatchNormalization ReLU Conv2D", id="resnet20"),
    ],
)
def test_padding_initialisation_and_order(name: str, padding: str, kernel: str, order: str) -> None:
    network = build_network(name, SHAPE)
    first = network.layers[2]
    assert (first.padding, type(first.kernel_initializer).__name__) == (padding, kernel)
    assert " ".join(type(layer).__name__ for layer in network.layers[2:]).startswith(order)
    assert type(network.layers[-1].kernel_initializer).__name__ == "GlorotUniform"
