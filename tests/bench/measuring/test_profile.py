from __future__ import annotations

import pytest
from tiny_models import TINY_SPEC

from cnnkit.bench.measuring.profile import SHOWN, arithmetic_of, profile_model, profile_of, read_profile
from cnnkit.bench.measuring.runner import random_images
from cnnkit.runtime.model import bundled_model
from cnnkit.runtime.onnx import OnnxClassifier


def event(name: str, op: str, us: int, taken: str = "float", given: str = "float", **fields) -> dict[str, object]:
    """An event of onnxruntime's profiler."""
    types = {"input_type_shape": [{taken: [1, 8]}], "output_type_shape": [{given: [1, 8]}]}
    return {"cat": "Node", "name": f"{name}_kernel_time", "dur": us, "args": {"op_name": op, **types}, **fields}


@pytest.mark.parametrize(
    ("op", "taken", "given", "expected"),
    [
        ("QLinearConv", "uint8", "uint8", "integer"),
        ("MaxPool", "uint8", "uint8", "integer"),
        ("MatMulIntegerToFloat", "uint8", "float", "integer"),
        ("Conv", "float", "float", "float"),
        ("Softmax", "float", "float", "float"),
        ("QuantizeLinear", "float", "uint8", "conversion"),
        ("DequantizeLinear", "uint8", "float", "conversion"),
        ("Cast", "uint8", "float", "moves data"),
        ("Transpose", "uint8", "uint8", "moves data"),
    ],
)
def test_what_a_node_computes_in(op, taken, given, expected):
    assert arithmetic_of(event("node", op, 1, taken, given)["args"]) == expected


def test_shares_of_a_quantized_graph():
    events = [
        event("conv", "QLinearConv", 9000, "uint8", "uint8"),  # warming up: not counted
        event("conv", "QLinearConv", 60, "uint8", "uint8"),
        event("conv", "QLinearConv", 80, "uint8", "uint8"),
        event("to_float", "DequantizeLinear", 10, "uint8"),
        event("to_float", "DequantizeLinear", 10, "uint8"),
        event("softmax", "Softmax", 20),
        event("softmax", "Softmax", 20),
        {"cat": "Session", "name": "model_run", "dur": 500, "args": {}},
        event("conv", "QLinearConv", 1) | {"name": "conv_fence_before"},
    ]
    profile = profile_of(events, runs=2)
    assert profile.total_ms == pytest.approx(0.1)
    assert (profile.integer_share, profile.conversion_share) == (pytest.approx(0.7), pytest.approx(0.1))
    assert [(node.name, node.share) for node in profile.nodes] == [
        ("conv", pytest.approx(0.7)), ("softmax", pytest.approx(0.2)), ("to_float", pytest.approx(0.1)),
    ]  # fmt: skip
    assert profile.float_nodes == ("softmax",)


def test_a_float_graph_has_no_fallbacks():
    profile = profile_of([event("conv", "Conv", 50)], runs=1)
    assert (profile.integer_share, profile.float_nodes) == (0, ())


@pytest.mark.parametrize("bundled", [True, False])
def test_a_real_model(tiny_model, bundled):
    classifier = OnnxClassifier(bundled_model() if bundled else tiny_model, threads=1)
    spec = classifier.spec if bundled else TINY_SPEC
    profile = read_profile(profile_model(classifier, random_images(spec, 1, 0), runs=3))
    assert 0 < len(profile.nodes) <= SHOWN
    assert (profile.integer_share > 0.5) == bundled
    assert bool(profile.float_nodes) == bundled  # its softmax
    assert profile.runs == 3 and profile.total_ms > 0


def test_a_graph_of_a_fixed_batch_is_profiled(make_model):
    classifier = OnnxClassifier(make_model("fixed.onnx", batch=4))
    profile = profile_model(classifier, random_images(TINY_SPEC, 1, 0), runs=3)
    assert profile["runs"] == 3 and profile["total_ms"] > 0


def test_fields_of_a_later_version_are_left_out():
    node = {"name": "a", "op": "Conv", "arithmetic": "float", "ms": 1.0, "share": 1.0, "energy_j": 2.0}
    fields = {"runs": 1, "total_ms": 1.0, "integer_share": 0.0, "conversion_share": 0.0, "nodes": [node]}
    assert read_profile({**fields, "float_nodes": [], "energy_j": 2.0}).nodes[0].name == "a"
