from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from integer_layers import qdq_layer
from onnx import helper, numpy_helper

from cnnkit.export.graph.graphs import attributes, load_graph
from cnnkit.export.quantization.pair_safe import quantize_weight, shortened
from cnnkit.export.quantization.pixel_groups import group_pixels, grouped_kernel
from cnnkit.export.quantization.saturation import saturating_layers

RNG = np.random.default_rng(5)


def layer(shape=(8, 3, 3, 3), size=(8, 8), said=None, activations="u8", weights=np.int8, bias=True):
    """A first convolution between integers, with biases, scales that differ by output, and a zero point of its own."""
    said = {"pads": [1] * 4} if said is None else said
    low, high = (-127, 128) if weights == np.int8 else (0, 256)
    weight = RNG.integers(low, high, shape).astype(weights)
    image = ("n", shape[1] * said.get("group", 1), *size)
    model = qdq_layer("Conv", weight, activations, step=2000, shape=image, said=said)
    for tensor in model.graph.initializer:
        if tensor.name == "x.zero":
            tensor.CopyFrom(numpy_helper.from_array(np.array(77, numpy_helper.to_array(tensor).dtype), "x.zero"))
        elif tensor.name == "w.scale" and tensor.dims:
            scales = RNG.uniform(0.5, 2, shape[0]).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(scales, "w.scale"))
    return with_bias(model, shape[0]) if bias else model


def with_bias(model, outputs):
    values = {
        "b": RNG.integers(-5000, 5000, outputs).astype(np.int32),
        "b.scale": np.ones(outputs, np.float32), "b.zero": np.zeros(outputs, np.int32),
    }  # fmt: skip
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in values.items())
    model.graph.node.insert(0, helper.make_node("DequantizeLinear", list(values), ["b.float"], axis=0))
    next(node for node in model.graph.node if node.op_type == "Conv").input.append("b.float")
    return model


def answers(model, images):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": images})[0]


def same_answers(model, size, channels=3):
    images = RNG.integers(-80, 256, (3, channels, *size)).astype(np.float32)
    expected = answers(model, images)
    pixels = group_pixels(model)
    assert onnx.shape_inference.infer_shapes(model, strict_mode=True).graph.node
    found = answers(model, images)
    assert np.ptp(expected) > 0 and found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)
    return pixels


@pytest.mark.parametrize("activations", ["u8", "s8"])
@pytest.mark.parametrize(
    ("shape", "size", "said", "pixels"),
    [
        pytest.param((8, 3, 3, 3), (8, 8), {"pads": [1] * 4}, 4, id="3x3"),
        pytest.param((8, 3, 3, 3), (8, 16), {"pads": [0, 0, 1, 1], "strides": [2, 2]}, 4, id="stride 2, padded behind"),
        pytest.param((8, 3, 3, 3), (9, 16), {"pads": [1, 1, 0, 0], "strides": [2, 2]}, 4, id="padded in front"),
        pytest.param((8, 3, 7, 7), (16, 24), {"pads": [3] * 4, "strides": [2, 2]}, 4, id="7x7"),
        pytest.param((8, 3, 5, 5), (8, 8), {"auto_pad": "SAME_UPPER"}, 4, id="same"),
        pytest.param((8, 3, 3, 3), (8, 8), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, 4, id="same, upper"),
        pytest.param((8, 3, 3, 3), (8, 8), {"auto_pad": "SAME_LOWER", "strides": [2, 2]}, 4, id="same, lower"),
        pytest.param((8, 3, 4, 4), (8, 8), {"strides": [4, 4]}, 4, id="patches"),
        pytest.param((8, 3, 1, 1), (8, 8), {}, 4, id="1x1"),
        pytest.param((8, 3, 1, 1), (8, 8), {"strides": [2, 2]}, 4, id="1x1, stride 2"),
        pytest.param((8, 1, 3, 3), (8, 8), {"pads": [1] * 4}, 4, id="gray"),
        pytest.param((8, 1, 5, 3), (6, 8), {"pads": [1, 1, 1, 1], "strides": [1, 2]}, 4, id="other strides"),
        pytest.param((8, 2, 3, 3), (8, 8), {"pads": [1] * 4}, 2, id="two channels"),
        pytest.param((8, 6, 3, 3), (8, 8), {"pads": [1] * 4}, 2, id="six channels"),
    ],
)
def test_answers_are_the_same_to_the_bit(shape, size, said, pixels, activations):
    model = layer(shape, size, said, activations)
    assert same_answers(model, size, shape[1]) == pixels
    node = next(node for node in model.graph.node if node.op_type == "Conv")
    assert attributes(node)["kernel_shape"][0] == shape[2]


def test_weights_whose_zero_is_no_0_are_spread_with_it():
    assert same_answers(layer(weights=np.uint8), (8, 8)) == 4


def test_a_layer_without_bias_is_rewritten_too():
    assert same_answers(layer(bias=False), (8, 8)) == 4


@pytest.mark.parametrize(
    ("shape", "size", "said"),
    [
        pytest.param((8, 3, 3, 3), (8, 10), {"pads": [1] * 4}, id="a row of no whole number of groups"),
        pytest.param((8, 3, 3, 3), (8, 9), {"pads": [1] * 4, "strides": [2, 2]}, id="nor of strides"),
        pytest.param((8, 3, 3, 3), (8, 8), {}, id="rows that become shorter"),
        pytest.param((8, 4, 3, 3), (8, 8), {"pads": [1] * 4}, id="channels that come in fours"),
        pytest.param((8, 3, 3, 3), (8, 8), {"pads": [2] * 4, "dilations": [2, 2]}, id="dilated"),
        pytest.param((8, 3, 3, 3), (8, 8), {"pads": [1] * 4, "group": 2}, id="groups"),
        pytest.param((8, 3, 3, 3), ("height", "width"), {"pads": [1] * 4}, id="of any size"),
    ],
)
def test_what_cannot_be_rewritten_stays_as_it_is(shape, size, said):
    model = layer(shape, size, said)
    before = model.SerializeToString()
    assert group_pixels(model) == 0
    assert model.SerializeToString() == before


def test_a_float_graph_stays_as_it_is(small_model):
    model = load_graph(small_model)
    before = model.SerializeToString()
    assert group_pixels(model) == 0
    assert model.SerializeToString() == before


def test_a_kernel_is_spread():
    """Two results of a row of three weights: pixels -1 to 1 and 0 to 2, in groups of two from -1 to 1."""
    weight = np.array([[[[1, 2, 3]]]], np.int8)
    kernel, reach = grouped_kernel(weight, np.array(0, np.int8), stride=1, padding=1, results=2)
    assert reach == (-1, 1)
    assert kernel.shape == (2, 2, 1, 3)
    by_place = kernel[:, :, 0].transpose(0, 2, 1).reshape(2, 6)  # pixels from -2 on
    assert by_place.tolist() == [[0, 1, 2, 3, 0, 0], [0, 0, 1, 2, 3, 0]]


@pytest.mark.parametrize("make", ["quantized", "shortened"])
@pytest.mark.parametrize(
    ("shape", "said"),
    [
        pytest.param((64, 3, 3, 3), {"pads": [1] * 4}, id="stride 1"),
        pytest.param((64, 3, 3, 3), {"pads": [0, 0, 1, 1], "strides": [2, 2]}, id="stride 2"),
        pytest.param((64, 3, 7, 7), {"pads": [3] * 4, "strides": [2, 2]}, id="7x7"),
        pytest.param((64, 3, 4, 4), {"strides": [4, 4]}, id="patches"),
        pytest.param((64, 3, 1, 1), {}, id="1x1"),
        pytest.param((64, 1, 3, 3), {"pads": [1] * 4}, id="gray"),
    ],
)
def test_weights_that_keep_to_the_orders_of_groups_cannot_saturate_there(shape, said, make):
    floats = RNG.standard_t(3, shape).astype(np.float32)
    full = np.clip(np.rint(floats * 60), -127, 127).astype(np.int8)
    safe = quantize_weight(floats, in_groups=True)[0] if make == "quantized" else shortened(full, in_groups=True)
    model = qdq_layer("Conv", safe, step=2000, shape=("n", shape[1], 8, 8), said=said)
    assert saturating_layers(model) == ()
    assert group_pixels(model) == 4
    assert saturating_layers(model) == ()


def test_weights_that_do_not_keep_to_them_are_seen():
    full = np.full((8, 3, 3, 3), 127, np.int8)
    model = qdq_layer("Conv", full, step=2000, shape=("n", 3, 8, 8), said={"pads": [1] * 4})
    assert group_pixels(model) == 4
    assert saturating_layers(model) == ("layer",)
