from __future__ import annotations

import numpy as np
import onnx
import pytest
from small_keras import body, exported, keras_answers, random_images

from cnnkit.foreign import InputFlags
from cnnkit.runtime.onnx import OnnxClassifier

MEAN, STD = np.float32([0.5, 0.4, 0.3]), np.float32([0.2, 0.25, 0.3])
BY_CHANNEL = InputFlags(scale=1 / 255, mean=(0.5, 0.4, 0.3), std=(0.2, 0.25, 0.3))


def unpadded(keras, **options):
    layer = keras.layers
    return layer.Conv2D(4, 3, **options), layer.ReLU(), layer.GlobalAveragePooling2D(), layer.Dense(3, "softmax")


def without_bias(keras):
    return unpadded(keras, use_bias=False)


def zeros_around(keras):
    return keras.layers.ZeroPadding2D(1), keras.layers.Conv2D(4, 3, strides=2), *body(keras)


def two_branches(keras):
    image = keras.Input((12, 12, 3))
    branches = [keras.layers.Conv2D(3, size, padding="same")(image) for size in (1, 3)]
    pool, head = keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, "softmax")
    return keras.Model(image, keras.layers.Add()(branches)), pool, head


def depthwise(keras):
    return keras.layers.DepthwiseConv2D(3), *body(keras)


# Layers -> what is left between the bytes and the first convolution.
STARTS = {
    "no padding": (unpadded, ["Cast", "Transpose", "Conv"]),
    "no padding, no bias": (without_bias, ["Cast", "Transpose", "Conv"]),
    "padding": (body, ["Cast", "Transpose", "Add", "Conv"]),
    "a layer that pads": (zeros_around, ["Cast", "Transpose", "Add", "Conv"]),
    "two branches": (two_branches, ["Cast", "Mul", "Add"]),
    "depthwise": (depthwise, ["Cast", "Mul", "Add"]),
}


@pytest.mark.parametrize("name", STARTS)
def test_what_is_left_of_a_standardisation_by_channel(name, keras, networks, tmp_path):
    layers, left = STARTS[name]
    path = networks(f"{name}.keras", *layers(keras))
    report = exported(path, tmp_path, flags=BY_CHANNEL)
    operators = [node.op_type for node in onnx.load(report.path).graph.node]
    assert operators[: len(left)] == left
    images = random_images()
    expected = keras_answers(keras, path, (images / np.float32(255) - MEAN) / STD)
    assert np.ptp(expected, axis=0).max() > 1e-3
    np.testing.assert_allclose(OnnxClassifier(report.path).probabilities(images), expected, atol=1e-5)


def test_one_number_for_all_channels_stays(keras, networks, tmp_path):
    path = networks("no padding.keras", *unpadded(keras))
    report = exported(path, tmp_path, flags=InputFlags(scale=1 / 64, mean=(2.0,)))
    operators = [node.op_type for node in onnx.load(report.path).graph.node]
    assert operators[:4] == ["Cast", "Mul", "Add", "Transpose"]


def test_float_inputs_are_not_touched(keras, networks, tmp_path):
    path = networks("no padding.keras", *unpadded(keras))
    report = exported(path, tmp_path, flags=BY_CHANNEL, input_dtype="float32")
    assert [node.op_type for node in onnx.load(report.path).graph.node][:2] == ["Transpose", "Conv"]
