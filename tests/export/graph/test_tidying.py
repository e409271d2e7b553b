from __future__ import annotations

import numpy as np
import pytest
from small_cnn import colour_images, run_graph, small_graph, trained_graph

from cnnkit.errors import ModelError
from cnnkit.export.graph.counting import multiply_adds
from cnnkit.export.graph.graphs import static_shapes
from cnnkit.export.graph.tidying import tidy


@pytest.fixture(scope="module")
def flattening():
    """A graph that flattens (N, 16, 16, 3) with shape arithmetic, as tf2onnx writes it, before a dense layer."""
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    constants = {
        "weight": rng.normal(0, 0.001, (768, 3)).astype(np.float32),
        "rest": np.array([768], np.int64),
        "zero": np.array([0], np.int64),
        "one": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Shape", ["numbers"], ["shape"]),
        helper.make_node("Slice", ["shape", "zero", "one"], ["count"]),
        helper.make_node("Concat", ["count", "rest"], ["target"], axis=0),
        helper.make_node("Reshape", ["numbers", "target"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weight"], ["product"]),
        helper.make_node("Softmax", ["product"], ["probabilities"]),
    ]
    graph = helper.make_graph(
        nodes,
        "flattening",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["unk__7", 16, 16, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["unk__8", 3])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("other", 1)], ir_version=9
    )


def test_shape_arithmetic_becomes_a_constant(flattening):
    images = colour_images(2)[0]
    before = run_graph(flattening, images)
    tidied = tidy(flattening)
    assert [node.name for node in tidied.graph.node] == ["cast_1", "reshape_1", "matmul_1", "softmax_1"]
    np.testing.assert_array_equal(run_graph(tidied, images), before)


def test_versions_and_names():
    import onnx

    tidied = tidy(trained_graph())
    onnx.checker.check_model(tidied)
    assert (tidied.ir_version, [(item.domain, item.version) for item in tidied.opset_import]) == (8, [("", 17)])
    dims = [value.type.tensor_type.shape.dim[0].dim_param for value in (*tidied.graph.input, *tidied.graph.output)]
    assert dims == ["batch", "batch"]
    assert {"conv_1.weight", "conv_1.bias", "gemm_1.weight"} <= {tensor.name for tensor in tidied.graph.initializer}
    assert tidied.graph.node[-1].output == ["probabilities"]


def test_the_answers_stay():
    images = colour_images(5)[0]
    before = run_graph(trained_graph(), images)
    np.testing.assert_allclose(run_graph(tidy(trained_graph()), images), before, atol=1e-6)


def test_batch_normalisation_is_folded():
    from onnx import helper, numpy_helper

    model = small_graph()
    names = ("gain", "shift", "mean", "variance")
    for index, name in enumerate(names):
        values = np.linspace(0.5, 1.5 + index, 8).astype(np.float32)
        model.graph.initializer.append(numpy_helper.from_array(values, name))
    nodes = list(model.graph.node)
    position = next(index for index, node in enumerate(nodes) if node.op_type == "Conv")
    output, nodes[position].output[0] = nodes[position].output[0], "raw"
    nodes.insert(position + 1, helper.make_node("BatchNormalization", ["raw", *names], [output], "norm"))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    images = colour_images(2)[0]
    before = run_graph(model, images)
    tidied = tidy(model)
    assert "BatchNormalization" not in {node.op_type for node in tidied.graph.node}
    np.testing.assert_allclose(run_graph(tidied, images), before, rtol=1e-4, atol=1e-5)


def test_a_graph_that_onnxruntime_refuses():
    model = small_graph()
    model.graph.node[-1].op_type = "NoSuchOperator"
    with pytest.raises(ModelError, match=r"onnxruntime cannot load the converted graph: .*NoSuchOperator"):
        tidy(model)


def test_multiply_adds_are_counted_by_hand():
    first, second, residual = 16 * 16 * 8 * 3 * 9, 8 * 8 * 8 * 8 * 9, 2 * 8 * 8 * 8 * 8 * 9
    assert multiply_adds(trained_graph()) == first + second + residual + 8 * 3


def test_shapes_follow_the_batch():
    shapes = static_shapes(small_graph(), 5)
    assert shapes["image"] == (5, 16, 16, 3)
    assert shapes["features"] == (5, 8)
