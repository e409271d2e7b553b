from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from integer_layers import qdq_layer, qoperator_layer
from small_cnn import SMALL_SPEC, colour_images

from cnnkit.export.graph.graphs import constants
from cnnkit.export.quantization.candidates import Workshop
from cnnkit.export.quantization.own_weights import bias_integers, least_scales, make_pair_safe
from cnnkit.export.quantization.saturation import saturable_layers, saturating_layers, wrong_on
from cnnkit.export.quantization.schemes import SCHEMES

BY_NAME = {scheme.name: scheme for scheme in SCHEMES}
TARGETS = ("any", "avx2", "vnni", "arm64")
FULL = np.full((16, 4, 3, 3), 127, np.int8)
ALONE = np.where(np.arange(4).reshape(1, 4, 1, 1) % 2, 1, FULL).astype(np.int8)
DEPTHWISE = np.full((8, 1, 3, 3), 127, np.int8)
DENSE = np.full((4, 8), 127, np.int8)


@pytest.mark.parametrize(
    ("model", "largest"),
    [
        pytest.param(qdq_layer("Conv", FULL), [254], id="convolution"),
        pytest.param(qdq_layer("Conv", FULL, "s8"), [254], id="signed activations"),
        pytest.param(qdq_layer("Conv", ALONE), [128], id="large weights apart"),
        pytest.param(qdq_layer("Conv", FULL, group=2), [254], id="groups"),
        pytest.param(qdq_layer("Conv", DEPTHWISE, group=8), [], id="depthwise"),
        pytest.param(qdq_layer("Conv", DEPTHWISE, group=4), [254], id="two outputs a channel"),
        pytest.param(qdq_layer("Conv", FULL[:, :1, :1, :1].view(np.uint8)), [], id="unsigned weights"),
        pytest.param(qdq_layer("MatMul", DENSE), [254], id="dense"),
        pytest.param(qdq_layer("MatMul", np.where(np.arange(8) % 2, 1, DENSE).astype(np.int8)), [254], id="by outputs"),
        pytest.param(qdq_layer("MatMul", DENSE // 2, float_result=True), [126], id="float result"),
        pytest.param(qdq_layer("Gemm", DENSE), [254], id="gemm"),
        pytest.param(qoperator_layer(FULL, "u8"), [254], id="operator on integers"),
        pytest.param(qoperator_layer(FULL, "s8"), [], id="operator on signed integers"),
    ],
)
def test_the_largest_sum_of_a_layer(model, largest):
    layers = saturable_layers(model)
    assert [layer.largest_sum for layer in layers] == largest
    assert saturating_layers(model) == tuple("layer" for value in largest if value > 128)


def test_weights_that_are_no_constant_count_as_too_large():
    model = qdq_layer("MatMul", DENSE // 4)
    del next(node for node in model.graph.node if node.input[0] == "w").input[0:1]
    model.graph.node[2].input.insert(0, "elsewhere")
    assert saturating_layers(model) == ("layer",)


@pytest.mark.parametrize(
    ("weight", "precise", "targets"),
    [
        (FULL, False, {"vnni", "arm64"}),
        (FULL, True, {"vnni", "arm64", "avx2"}),
        (ALONE, False, set(TARGETS)),
    ],
)
def test_where_a_file_is_right(weight, precise, targets):
    model = qdq_layer("Conv", weight)
    assert {target for target in TARGETS if wrong_on(model, target, precise_x64=precise) is None} == targets


def test_why_a_file_is_wrong():
    assert wrong_on(qdq_layer("Conv", FULL), "any") == "saturates on x86 without VNNI: 1 layer"
    assert wrong_on(qdq_layer("Conv", FULL), "any", precise_x64=True) == (
        "saturates on x86 without VNNI in programs that do not set the option: 1 layer"
    )


@pytest.fixture(scope="module")
def workshop(small_model, tmp_path_factory):
    return Workshop(small_model, SMALL_SPEC, colour_images(40, seed=1)[0], "any", tmp_path_factory.mktemp("workshop"))


@pytest.mark.parametrize("name", list(BY_NAME))
def test_where_the_files_of_schemes_are_right(workshop, name):
    graph, _ = workshop.quantized(BY_NAME[name])
    targets = {target for target in TARGETS if wrong_on(graph, target) is None}
    full = name in ("u8s8", "u8s8-precise", "s8s8")
    assert targets == ({"vnni", "arm64"} if full else set(TARGETS) - ({"any"} if name == "u16s8" else set()))


def test_a_scheme_of_8_bits_is_right_where_its_weights_happen_to_be_small(workshop):
    graph, _ = workshop.quantized(replace(BY_NAME["u8s8"], bits=7))
    assert wrong_on(graph, "any") is None


def test_trained_integers_are_made_safe_again(workshop):
    graph, _ = workshop.quantized(BY_NAME["u8s8"])
    before = constants(graph)
    assert saturating_layers(graph)
    make_pair_safe(graph)
    assert not saturating_layers(graph)
    after = constants(graph)
    changed = [name for name in before if not np.array_equal(before[name], after[name])]
    assert changed and all(before[name].dtype == np.int8 for name in changed)


def test_biases_follow_the_scales_of_their_weights(workshop):
    graph, quantizer = workshop.quantized(BY_NAME["u8s8-pairs-plain"])
    values, floats = constants(graph), constants(quantizer.prepared)
    originals = {node.name: node for node in quantizer.prepared.graph.node}
    made_by = {name: node for node in graph.graph.node for name in node.output}
    convolutions = [node for node in graph.graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 4
    for node in convolutions:
        for place in (1, 2):
            integers, scale, zero = (values[name] for name in made_by[node.input[place]].input)
            expected = floats[originals[node.name].input[place]]
            assert not zero.any() and zero.shape == scale.shape == (len(expected),)
            stretched = integers * scale.reshape(-1, *(1,) * (expected.ndim - 1))
            np.testing.assert_allclose(stretched, expected, atol=1.5 * scale.max())


def test_biases_fit_32_bits():
    bias, step = np.float32([3e5, -3e5, 1.0, 0.0]), np.float32(0.02)
    least = least_scales(bias, step)
    integers = bias_integers(bias, step * np.maximum(least, np.float32([0, 0, 1e-3, 1e-3])))
    assert integers.dtype == np.int32
    np.testing.assert_allclose(integers, [2**30, -(2**30), 50_000, 0], rtol=1e-6)
    assert bias_integers(np.float32([1e9]), np.float32([1e-9])).tolist() == [2**31 - 1]
