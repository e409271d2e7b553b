"""Counts against formulas by hand and against graphs that onnxruntime ran, for files as many exporters write them."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from small_cnn import trained_graph
from written_graphs import SIDE, WAYS, Written, saved

from cnnkit.cli import main
from cnnkit.errors import UsageError
from cnnkit.export import StampOptions, stamp_model, with_counts
from cnnkit.export.graph.counting import Counts, count
from cnnkit.export.graph.graphs import load_graph
from cnnkit.export.graph.plain import plain_graph
from cnnkit.foreign import InputFlags, Said
from cnnkit.runtime.inspection import inspect_model
from cnnkit.runtime.onnx import read_spec_of


def run_products(model, image) -> int:
    """Multiply-adds of convolutions and dense layers from the shapes that onnxruntime gives as it runs them."""
    import onnx
    import onnxruntime

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    nodes = [node for node in model.graph.node if node.op_type in ("Conv", "Gemm", "MatMul")]
    names = sorted({name for node in nodes for name in (node.input[0], node.input[1], node.output[0])})
    made = {name for node in model.graph.node for name in node.output}
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name in made)
    session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    given = [output.name for output in session.get_outputs()]
    seen = dict(zip(given, session.run(None, {session.get_inputs()[0].name: image}), strict=True))
    shapes = {name: value.shape for name, value in seen.items()} | {
        t.name: tuple(t.dims) for t in model.graph.initializer
    }
    total = 0
    for node in nodes:
        weight, output = shapes[node.input[1]], shapes[node.output[0]]
        total += prod(output[1:]) * (prod(weight[1:]) if node.op_type == "Conv" else shapes[node.input[0]][-1])
    return total


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_way_to_write_a_network(way, tmp_path):
    written = Written(**way)
    assert count(written.model) == Counts(written.parameters, written.products)
    path = saved(tmp_path / "net.onnx", written.model)
    facts = with_counts(inspect_model(path))
    assert (facts.parameters, facts.multiply_adds) == (written.parameters, written.products)
    said = Said(",".join("abcde"), InputFlags(scale=1.0))
    stamped = stamp_model(StampOptions(path, tmp_path / "stamped.onnx", said))
    assert (stamped.parameters, stamped.multiply_adds) == (written.parameters, written.products)
    assert load_graph(tmp_path / "stamped.onnx").graph == written.model.graph


@pytest.mark.parametrize("way", ["without names", "constants", "IR 3"])
def test_every_way_can_be_quantized(way, tmp_path):
    from cnnkit.export.quantization.integers import Quantizer
    from cnnkit.export.quantization.schemes import SCHEMES

    said = Said(",".join("abcde"), InputFlags(scale=1.0))
    path = tmp_path / "stamped.onnx"
    stamp_model(StampOptions(saved(tmp_path / "net.onnx", Written(**WAYS[way]).model), path, said))
    images = np.random.default_rng(2).integers(0, 256, (8, SIDE, SIDE, 3), dtype=np.uint8)
    quantizer = Quantizer(path, images, read_spec_of(path).input, tmp_path)
    assert len(quantizer.layers) >= 5
    integers = quantizer.quantize(replace(SCHEMES[0], per_channel=False))  # grouped ConvTranspose knows no other
    assert sum(tensor.data_type == 3 and len(tensor.dims) == 4 for tensor in integers.graph.initializer) == 5


@pytest.mark.parametrize("weights", ["initializers", "constants", "inputs"])
def test_sizes_that_are_dynamic(weights, tmp_path):
    written = Written(size="side", side=44, weights=weights, names=False)
    path = saved(tmp_path / "net.onnx", written.model)
    facts = inspect_model(path)
    assert (with_counts(facts).parameters, with_counts(facts).multiply_adds) == (written.parameters, None)
    assert with_counts(facts, (44, 44)).multiply_adds == written.products
    said = Said(",".join("abcde"), InputFlags(scale=1.0, size=(44, 44)))
    stamp_model(StampOptions(path, tmp_path / "stamped.onnx", said))
    assert read_spec_of(tmp_path / "stamped.onnx").graph.multiply_adds == written.products
    other = Written(size="side", side=20)
    assert with_counts(inspect_model(tmp_path / "stamped.onnx"), (20, 20)).multiply_adds == other.products


@pytest.mark.parametrize("way", ["initializers", "constants", "IR 3"])
def test_a_plain_graph_answers_alike_and_has_names_for_all(way):
    import onnxruntime

    written = Written(**{"names": False, **WAYS[way]})
    plain = plain_graph(written.model)
    names = [node.name for node in plain.graph.node]
    assert all(names) and len(set(names)) == len(names)
    assert [value.name for value in plain.graph.input] == ["image"]
    assert "Constant" not in {node.op_type for node in plain.graph.node}
    image = np.random.default_rng(1).normal(0, 50, (2, 3, SIDE, SIDE)).astype(np.float32)
    answers = [
        onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(
            None, {"image": image}
        )[0]
        for model in (written.model, plain)
    ]
    np.testing.assert_array_equal(*answers)
    assert len(written.model.graph.node) >= len(plain.graph.node)


def product_graph(equation=None, left=(4, 6, 8), right=(8, 5), shared=False):
    """image (n, 4, 6, 8), times a constant: a product of matrices with batch, or an einsum."""
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(np.ones(right, np.float32), "w")
    operator = ("MatMul", {}) if equation is None else ("Einsum", {"equation": equation})
    nodes = [helper.make_node(operator[0], ["image", "w"], ["out"], **operator[1])]
    if shared:
        nodes = [
            helper.make_node("MatMul", ["image", "w"], ["middle"]),
            helper.make_node("MatMul", ["middle", "w"], ["out"]),
        ]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", *left])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)], [weight],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        pytest.param(lambda: product_graph(), Counts(8 * 5, 4 * 6 * 8 * 5), id="batch of matrices"),
        pytest.param(lambda: product_graph("nhwc,cd->nhwd"), Counts(8 * 5, 4 * 6 * 8 * 5), id="einsum"),
        pytest.param(
            lambda: product_graph(right=(8, 8), shared=True), Counts(8 * 8, 2 * 4 * 6 * 8 * 8), id="weights taken twice"
        ),
    ],
)
def test_products(model, expected):
    assert count(model()) == expected


def test_shapes_that_cannot_be_inferred_are_seen_by_running():
    """A Reshape to a size that only running tells: onnx infers nothing behind it."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("NonZero", ["ones"], ["where"]),
        helper.make_node("Shape", ["where"], ["found"]),
        helper.make_node("Gather", ["found", "second"], ["length"]),
        helper.make_node("Concat", ["minus", "length"], ["target"], axis=0),
        helper.make_node("Reshape", ["image", "target"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["out"]),
    ]
    values = {
        "ones": np.ones(12, np.float32), "second": np.int64([1]), "minus": np.int64([-1]),
        "w": np.ones((12, 3), np.float32),
    }  # fmt: skip
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 2, 2])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    assert count(model) == Counts(36, 36)


@pytest.mark.parametrize("name", ["best.onnx", "best.int8.onnx"])
def test_the_bundled_networks(name, tmp_path):
    """Folded batch normalisation leaves one bias a channel, where Keras counts four numbers and no bias."""
    models = Path(__file__).parents[3] / "toolkit/models"
    spec, graph = read_spec_of(models / name), load_graph(models / name)
    del graph.metadata_props[:]
    facts = with_counts(inspect_model(saved(tmp_path / name, graph)))
    floating = load_graph(models / "best.onnx")
    sizes = {tensor.name: prod(tensor.dims) for tensor in floating.graph.initializer}
    folded = sum(sizes[node.input[2]] for node in floating.graph.node if node.op_type == "Conv")
    assert folded > 100
    assert facts.parameters == spec.graph.parameters - 3 * folded
    assert facts.multiply_adds == spec.graph.multiply_adds
    image = np.zeros((1, spec.input.height, spec.input.width, 3), np.uint8)
    assert run_products(floating, image) == spec.graph.multiply_adds


@pytest.mark.parametrize(
    ("size", "message"),
    [
        pytest.param((21, 20), "--size 21x20 does not fit the graph, which takes 20x20", id="another"),
        pytest.param((20, 20), None, id="its own"),
    ],
)
def test_sizes_that_are_fixed(size, message):
    model = Written().model
    if message is None:
        assert count(model, size) == count(model)
        return
    with pytest.raises(UsageError, match=message):
        count(model, size)


def test_branches_leave_it_open(tmp_path):
    from onnx import TensorProto, helper

    def branch(name):
        out = helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, None)
        return helper.make_graph([helper.make_node("Identity", ["image"], [f"{name}_out"])], name, [], [out])

    nodes = [
        helper.make_node("Constant", [], ["yes"], value=helper.make_tensor("v", TensorProto.BOOL, [], [True])),
        helper.make_node("If", ["yes"], ["out"], then_branch=branch("then"), else_branch=branch("else")),
    ]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 3])],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    assert count(model) is None
    facts = with_counts(inspect_model(saved(tmp_path / "if.onnx", model)))
    assert (facts.parameters, facts.multiply_adds) == (None, None)


def test_weights_in_other_files_are_counted_all_the_same(tmp_path):
    import onnx

    written = Written()
    onnx.save(
        written.model, tmp_path / "net.onnx", save_as_external_data=True, location="weights.bin", size_threshold=64
    )
    facts = with_counts(inspect_model(tmp_path / "net.onnx"))
    assert (facts.parameters, facts.multiply_adds) == (written.parameters, written.products)


def test_without_onnx_nothing_is_counted(tmp_path, monkeypatch):
    from cnnkit.export import inspecting

    monkeypatch.setattr(inspecting, "find_spec", lambda name: None)
    facts = inspect_model(saved(tmp_path / "net.onnx", Written().model))
    assert with_counts(facts) == replace(facts, parameters=None, multiply_adds=None)


def test_the_command(tmp_path):
    written = Written(size="side", names=False, weights="constants")
    path = saved(tmp_path / "net.onnx", written.model)
    result = CliRunner().invoke(main, ["info", str(path), "--size", "20x20"])
    assert result.exit_code == 0, result.stderr
    assert f"parameters     {written.parameters:,}\n" in result.stdout
    assert f"multiply-adds  {written.products:,}\n" in result.stdout
    unsaid = CliRunner().invoke(main, ["info", str(path)]).stdout
    assert "multiply-adds  unknown: it takes any size, say one with --size HEIGHTxWIDTH\n" in unsaid
    wrong = CliRunner().invoke(main, ["info", str(saved(tmp_path / "b.onnx", trained_graph())), "--size", "8x8"])
    assert (wrong.exit_code, len(wrong.stderr.splitlines())) == (2, 1)
