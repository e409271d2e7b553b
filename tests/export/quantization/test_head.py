from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from cnnkit.export.graph.graphs import constants
from cnnkit.export.quantization.head import quantize_head
from cnnkit.export.quantization.saturation import saturating_layers

RNG = np.random.default_rng(5)
WEIGHT = RNG.standard_t(2, (64, 100)).astype(np.float32)
BIAS = RNG.normal(size=100).astype(np.float32)


def dense(operator="Gemm", *, weight=WEIGHT, bias=BIAS, dequantized=True, **attributes):
    """A dense layer of 64 features, which come from bytes, and a softmax."""
    values = {"scale": np.float32(0.05), "zero": np.array(10, np.uint8), "weight": weight}
    inputs = ["features", "weight"]
    if bias is not None:
        values["bias"] = bias
        inputs.append("bias")
    first = ("DequantizeLinear", ["bytes", "scale", "zero"]) if dequantized else ("Identity", ["bytes"])
    nodes = [
        helper.make_node(first[0], first[1], ["features"]),
        helper.make_node(operator, inputs, ["logits"], "head", **attributes),
    ]
    kind = TensorProto.UINT8 if dequantized else TensorProto.FLOAT
    graph = helper.make_graph(
        nodes, "head",
        [helper.make_tensor_value_info("bytes", kind, ("batch", 64))],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model):
    import onnxruntime

    images = np.random.default_rng(6).integers(0, 256, (20, 64)).astype(np.uint8)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"bytes": images})[0]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="gemm"),
        pytest.param({"weight": np.ascontiguousarray(WEIGHT.T), "transB": 1}, id="transposed"),
        pytest.param({"bias": None}, id="no bias"),
        pytest.param({"operator": "MatMul", "bias": None}, id="matmul"),
    ],
)
def test_weights_are_bytes_and_the_result_stays_float(options):
    model = dense(**options)
    expected, before = run(model), len(model.SerializeToString())
    assert quantize_head(model, "head")
    found = run(model)
    assert found.dtype == np.float32 and np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.9995
    assert len(np.unique(found)) > 256
    assert len(model.SerializeToString()) < 0.4 * before
    assert not any(value.dtype == np.float32 and value.size > 100 for value in constants(model).values())
    assert saturating_layers(model) == ()


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"weight": WEIGHT[:, :10], "bias": BIAS[:10]}, id="few weights"),
        pytest.param({"alpha": 0.5}, id="a factor"),
        pytest.param({"dequantized": False, "bias": None}, id="float input"),
    ],
)
def test_what_stays_as_it_is(options):
    model = dense(**options)
    before = model.SerializeToString()
    assert not quantize_head(model, "head") and not quantize_head(model, "other")
    assert model.SerializeToString() == before
