from __future__ import annotations

import numpy as np
import pytest
from small_cnn import SCALED_BY_TWO_NUMBERS, colour_images, run_graph, small_graph

from cnnkit.export.quantization.direct_bytes import feed_bytes, input_nodes

EXACT = [
    pytest.param(SCALED_BY_TWO_NUMBERS, 1 / 64, 121, id="multiply and add"),
    pytest.param((("Sub", 121.0), ("Mul", 1 / 64)), 1 / 64, 121, id="subtract and multiply"),
    pytest.param((("Sub", 128.0), ("Div", 127.5)), 1 / 127.5, 128, id="subtract and divide"),
    pytest.param((("Mul", 1 / 255),), 1 / 255, 0, id="from 0 to 1"),
    pytest.param((("Mul", 1 / 127.5), ("Add", -255 / 127.5)), 1 / 127.5, 255, id="last byte"),
    pytest.param((), 1.0, 0, id="cast alone"),
    pytest.param((("Transpose", None), ("Mul", [1 / 64]), ("Add", [[-2.0]])), 1 / 64, 128, id="turned before"),
]
LEFT = [
    pytest.param((("Mul", 1 / 127.5), ("Add", -1.0)), id="zero between two bytes"),
    pytest.param((("Mul", 1 / 64), ("Add", 0.5)), id="zero below 0"),
    pytest.param((("Mul", 1 / 64), ("Add", -256 / 64)), id="zero above 255"),
    pytest.param((("Mul", -1 / 64), ("Add", 2.0)), id="inverted"),
    pytest.param((("Mul", 1 / 255), ("Sub", [0.485, 0.456, 0.406])), id="a number a channel"),
]


@pytest.mark.parametrize(("steps", "scale", "zero_point"), EXACT)
def test_one_dequantization_says_the_same(steps, scale, zero_point):
    from onnx import numpy_helper

    model, images = small_graph(steps), colour_images(2)[0]
    before = run_graph(model, images)
    assert feed_bytes(model)
    operators = [node.op_type for node in model.graph.node]
    assert operators[:3] == ["Transpose", "DequantizeLinear", "Conv"]
    assert not {"Cast", "Mul", "Sub", "Div"} & set(operators)
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    assert values["image.scale"] == np.float32(scale)
    assert (values["image.zero_point"], values["image.zero_point"].dtype) == (zero_point, np.uint8)
    np.testing.assert_allclose(run_graph(model, images), before, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("steps", LEFT)
def test_what_is_not_exact_is_left(steps):
    model = small_graph(steps)
    before = model.SerializeToString()
    assert not feed_bytes(model)
    assert model.SerializeToString() == before


def test_a_float_input_is_left():
    from onnx import TensorProto

    model = small_graph()
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT
    assert not feed_bytes(model)


def test_the_input_ends_at_the_first_convolution():
    names = input_nodes(small_graph((("Mul", 1 / 255), ("Sub", [0.485, 0.456, 0.406]))))
    assert names == ["cast0", "mul1", "sub2", "transpose3"]


def test_moves_are_made_with_bytes():
    from onnx import helper, numpy_helper

    model = small_graph()
    nodes = list(model.graph.node)
    turned = next(node for node in nodes if node.op_type == "Transpose")
    name, turned.output[0] = turned.output[0], "turned"
    model.graph.initializer.append(numpy_helper.from_array(np.array([-1, 3, 16, 16]), "same"))
    nodes.insert(nodes.index(turned) + 1, helper.make_node("Reshape", ["turned", "same"], [name], "reshape"))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    images = colour_images(2)[0]
    before = run_graph(model, images)
    assert feed_bytes(model)
    operators = [node.op_type for node in model.graph.node]
    assert operators[:4] == ["Transpose", "Reshape", "DequantizeLinear", "Conv"]
    np.testing.assert_allclose(run_graph(model, images), before, atol=1e-5, rtol=1e-5)
