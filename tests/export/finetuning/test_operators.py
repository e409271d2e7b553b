from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from cnnkit.errors import ModelError
from cnnkit.export.finetuning.operators import operator

IMAGE = (2, 3, 7, 6)


# Operator, shapes of its inputs, attributes; a list of numbers is a constant input.
OPERATORS = [
    pytest.param("Conv", [IMAGE, (4, 3, 3, 3), (4,)], {"pads": [1, 0, 1, 2], "strides": [2, 1]}, id="conv"),
    pytest.param("Conv", [IMAGE, (4, 3, 3, 3)], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, id="conv same upper"),
    pytest.param("Conv", [IMAGE, (4, 3, 2, 2)], {"auto_pad": "SAME_LOWER"}, id="conv same lower"),
    pytest.param("Conv", [IMAGE, (4, 3, 3, 3)], {"dilations": [2, 2]}, id="conv dilated"),
    pytest.param("Conv", [IMAGE, (3, 1, 3, 3), (3,)], {"group": 3, "strides": [2, 2]}, id="depthwise"),
    pytest.param("Conv", [(2, 4, 7, 6), (6, 2, 3, 3)], {"group": 2}, id="grouped"),
    pytest.param("Gemm", [(2, 5), (4, 5), (4,)], {"transB": 1, "alpha": 0.5, "beta": 2.0}, id="gemm"),
    pytest.param("MatMul", [(2, 5), (5, 4)], {}, id="matmul"),
    pytest.param("MaxPool", [IMAGE], {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 1, 1, 0]}, id="max pool"),
    pytest.param("AveragePool", [IMAGE], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}, id="average pool"),
    pytest.param(
        "AveragePool", [IMAGE], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}, id="with pads",
    ),
    pytest.param("GlobalAveragePool", [IMAGE], {}, id="global average"),
    pytest.param("ReduceMean", [IMAGE], {"axes": [2, 3], "keepdims": 0}, id="mean"),
    pytest.param("Reshape", [IMAGE, [-1, 126]], {}, id="reshape"),
    pytest.param("Reshape", [IMAGE, [0, 3, 42]], {}, id="reshape with zero"),
    pytest.param("Reshape", [IMAGE, [0, -1]], {}, id="reshape with the rest"),
    pytest.param("Reshape", [IMAGE, [2, 3, -1, 2]], {}, id="reshape with some rest"),
    pytest.param("Flatten", [IMAGE], {}, id="flatten"),
    pytest.param("Squeeze", [(2, 3, 1, 1), [2, 3]], {}, id="squeeze"),
    pytest.param("Transpose", [IMAGE], {"perm": [0, 2, 3, 1]}, id="transpose"),
    pytest.param("Concat", [IMAGE, IMAGE], {"axis": 1}, id="concat"),
    pytest.param("Pad", [IMAGE, [0, 0, 1, 0, 0, 0, 2, 1]], {}, id="pad"),
    pytest.param("ReduceSum", [IMAGE, [1, 3]], {"keepdims": 0}, id="sum"),
    pytest.param("ReduceMax", [IMAGE], {"axes": [2, 3]}, id="max of axes"),
    pytest.param("Unsqueeze", [(2, 5), [1, -1]], {}, id="unsqueeze"),
    pytest.param("PRelu", [IMAGE, (3, 1, 1)], {}, id="prelu"),
    pytest.param("Max", [IMAGE, (1, 3, 1, 1), (6,)], {}, id="largest"),
    pytest.param("Min", [IMAGE, (1, 3, 1, 1)], {}, id="smallest"),
    pytest.param("Softmax", [(2, 5)], {"axis": -1}, id="softmax"),
    pytest.param("LeakyRelu", [IMAGE], {"alpha": 0.3}, id="leaky"),
    *(pytest.param(name, [IMAGE], {}, id=name.lower()) for name in
      ("Relu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Elu", "Erf", "Neg", "Softplus", "Identity", "Selu",
       "Abs", "Exp", "Reciprocal", "GlobalMaxPool")),
    *(pytest.param(name, [IMAGE, (1, 3, 1, 1)], {}, id=name.lower()) for name in ("Add", "Sub", "Mul", "Div")),
    *(pytest.param(name, [(2, 4, 4, 4), (1, 4, 1, 1)], {}, id=f"{name.lower()} square") for name in ("Add", "Mul")),
]  # fmt: skip


def drawn(shape, rng):
    return np.array(shape, np.int64) if isinstance(shape, list) else rng.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(("name", "shapes", "attributes"), OPERATORS)
def test_operators_compute_what_onnxruntime_does(keras, name, shapes, attributes):
    import onnxruntime

    rng = np.random.default_rng(3)
    inputs = [drawn(shape, rng) for shape in shapes]
    names = [f"x{index}" for index in range(len(inputs))]
    node = helper.make_node(name, names, ["y"], **attributes)
    fixed = [numpy_helper.from_array(value, one) for value, one in list(zip(inputs, names, strict=True))[1:]]
    image = helper.make_tensor_value_info("x0", TensorProto.FLOAT, inputs[0].shape)
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    model = helper.make_model(
        helper.make_graph([node], "one", [image], [output], fixed),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    expected = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x0": inputs[0]})[0]
    inputs[0] = keras.ops.convert_to_tensor(inputs[0])
    found = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    np.testing.assert_allclose(np.asarray(operator(name)(inputs, found)), expected, atol=2e-5)


def test_normalisation_by_known_statistics(keras):
    rng = np.random.default_rng(5)
    image, scale, bias, mean = (rng.normal(size=shape).astype(np.float32) for shape in (IMAGE, (3,), (3,), (3,)))
    variance = rng.uniform(0.5, 2, 3).astype(np.float32)
    found = operator("BatchNormalization")([image, scale, bias, mean, variance], {"epsilon": 0.01})
    channel = (image[:, 1] - mean[1]) / np.sqrt(variance[1] + 0.01) * scale[1] + bias[1]
    np.testing.assert_allclose(np.asarray(found)[:, 1], channel, rtol=1e-5, atol=1e-6)


def test_powers_and_logarithms(keras):
    numbers = np.float32([0.5, 2, 3])
    np.testing.assert_allclose(np.asarray(operator("Pow")([numbers, np.float32(2)], {})), [0.25, 4, 9], rtol=1e-6)
    np.testing.assert_allclose(np.asarray(operator("Log")([numbers], {})), np.log(numbers), rtol=1e-6)


@pytest.mark.parametrize(("limits", "expected"), [([-1.0, 2.0], [-1, 0, 2]), ([None, 2.0], [-3, 0, 2])])
def test_clip(keras, limits, expected):
    assert np.asarray(operator("Clip")([np.float32([-3, 0, 3]), *limits], {})).tolist() == expected


def test_an_unknown_operator():
    with pytest.raises(ModelError, match="the graph computes LSTM, through which fine-tuning knows no gradient"):
        operator("LSTM")
