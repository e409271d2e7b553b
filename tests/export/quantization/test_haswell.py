"""What an x86 CPU without VNNI, emulated or with VNNI hidden, makes of integers, compared with exact ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import onnx
import pytest
from emulation.errors import CannotRunError, EmulationError
from emulation.haswell import Runner, as_programs_run_here, on_haswell, on_older_cpu, on_this_cpu
from integer_layers import exact, qdq_layer, qoperator_layer

from cnnkit.export.graph.graphs import load_graph
from cnnkit.export.quantization.pair_safe import neighbours, quantize_weight, rows_of, shortened, weight_of
from cnnkit.export.quantization.saturation import saturating_layers

SIZE = 6  # pixels a side
RunLayer = Callable[[onnx.ModelProto, np.ndarray], np.ndarray]


@pytest.fixture(scope="module", params=[on_haswell, on_older_cpu], ids=["emulated", "hidden"])
def haswell(request: pytest.FixtureRequest) -> Iterator[Runner]:
    try:
        with request.param() as runner:
            yield runner
    except CannotRunError as error:
        pytest.skip(str(error))


@pytest.fixture
def run_layer(haswell, tmp_path) -> RunLayer:
    def run(model: onnx.ModelProto, inputs: np.ndarray) -> np.ndarray:
        onnx.save(model, tmp_path / "layer.onnx")
        return haswell.run(tmp_path / "layer.onnx", {"x": inputs.astype(np.float32)})

    return run


@pytest.mark.parametrize("activations", ["u8", "s8"])
@pytest.mark.parametrize(
    ("operator", "inputs", "kernel", "groups"),
    [
        pytest.param("Conv", 16, 1, 1, id="1x1"),
        pytest.param("Conv", 7, 1, 1, id="1x1 of odd channels"),
        pytest.param("Conv", 4, 3, 1, id="3x3"),
        pytest.param("Conv", 3, 3, 1, id="stem"),
        pytest.param("Conv", 2, 3, 2, id="groups"),
        pytest.param("Conv", 1, 3, 2, id="channels with several outputs"),
        pytest.param("MatMul", 17, 0, 1, id="dense"),
        pytest.param("Gemm", 8, 0, 1, id="gemm"),
    ],
)
def test_which_weights_meet(operator, inputs, kernel, groups, activations, run_layer):
    """Each output has two weights of 127 and no other: one output for every two places of a row."""
    shape = (inputs, kernel, kernel) if operator == "Conv" else (inputs,)
    places = list(combinations(range(int(np.prod(shape))), 2))
    rows = np.zeros((-(-len(places) // groups) * groups, int(np.prod(shape))), np.int8)
    for row, two in zip(rows, places, strict=False):
        row[list(two)] = 127
    weight = weight_of(rows, (len(rows), *shape))
    size = (1, inputs * groups, SIZE, SIZE) if operator == "Conv" else (2, inputs)
    stored = weight if operator == "Conv" else np.ascontiguousarray(weight.T)
    model = qdq_layer(operator, stored, activations, group=groups, step=1000, shape=size)
    results = run_layer(model, np.full(size, 255))
    wrong = np.abs(results - 2 * 127 * 255).max(axis=(0, *range(2, results.ndim))) > 1000
    met = {two for two, is_wrong in zip(places, wrong, strict=False) if is_wrong}
    told = [set(zip(*(order.tolist() for order in pairs), strict=True)) for pairs in neighbours(weight.shape)]
    assert met == told[0]


def worst_case(weight, group):
    """Inputs of 0 and 255 that let, for some outputs, all weights of one sign add up; and random ones."""
    count = weight.shape[1] * group
    rng = np.random.default_rng(11)
    images = np.where(rng.random((8, count, *weight.shape[2:])) < 0.5, 255, 0)
    for index, output in enumerate(range(0, len(weight), max(len(weight) // 8, 1))):
        part = slice(*(np.array([0, weight.shape[1]]) + output // (len(weight) // group) * weight.shape[1]))
        images[index % 8, part] = np.where(weight[output] * (-1) ** index > 0, 255, 0)
    return images


LAYERS = [
    pytest.param("Conv", (32, 24, 1, 1), 1, id="1x1"),
    pytest.param("Conv", (32, 16, 3, 3), 1, id="3x3"),
    pytest.param("Conv", (16, 3, 3, 3), 1, id="stem"),
    pytest.param("Conv", (16, 5, 5, 5), 1, id="5x5"),
    pytest.param("Conv", (16, 8, 3, 3), 2, id="groups"),
    pytest.param("MatMul", (40, 64), 1, id="dense"),
    pytest.param("Gemm", (40, 63), 1, id="gemm"),
]


def both_ways(operator, weight, group, activations, run_layer, *, float_result=False):
    """Largest differences from exact integers, in steps of the result."""
    images = worst_case(weight, group)
    stored = weight if operator == "Conv" else np.ascontiguousarray(weight.T)
    expected = exact(operator, stored, images, group=group)
    step = 1.0 if float_result else np.abs(expected).max() / 100
    model = qdq_layer(
        operator, stored, activations, group=group, step=step, shape=images.shape, float_result=float_result
    )
    return np.abs(run_layer(model, images) - expected).max() / step, model


@pytest.mark.parametrize("activations", ["u8", "s8"])
@pytest.mark.parametrize(("operator", "shape", "group"), LAYERS)
def test_weights_of_8_bits_saturate_and_pair_safe_ones_do_not(operator, shape, group, activations, run_layer):
    floats = np.abs(np.random.default_rng(1).normal(1, 0.2, shape)).astype(np.float32)
    full = np.rint(floats / np.abs(floats).max() * 127).astype(np.int8)
    wrong, model = both_ways(operator, full, group, activations, run_layer)
    assert wrong > 2 and saturating_layers(model)
    for safe in (quantize_weight(floats)[0], shortened(full)):
        right, model = both_ways(operator, safe, group, activations, run_layer)
        assert right <= 0.501 and not saturating_layers(model)


@pytest.mark.parametrize("sign", [1, -1])
def test_pairs_at_the_limit_are_exact(sign, run_layer):
    rows = np.tile(np.array([127, 1, 1, 127, 64, 64, 100, 28], np.int16) * sign, (16, 2))
    rows[:, 0], rows[:, 1] = (127, 1) if sign > 0 else (-128, 0)
    safe = weight_of(rows.astype(np.int8), (16, 16, 1, 1))
    np.testing.assert_array_equal(rows_of(safe), rows)
    wrong, _ = both_ways("Conv", safe, 1, "u8", run_layer)
    assert wrong <= 0.501


@pytest.mark.parametrize("operator", ["MatMul", "Gemm"])
def test_the_last_layer_is_exact(operator, run_layer):
    weight = quantize_weight(np.random.default_rng(2).standard_t(3, (100, 128)).astype(np.float32))[0]
    wrong, _ = both_ways(operator, weight, 1, "u8", run_layer, float_result=True)
    assert wrong == 0
    full = np.full((100, 128), 127, np.int8)
    assert both_ways(operator, full, 1, "u8", run_layer, float_result=True)[0] > 1000


@pytest.mark.parametrize("activations", ["u8", "s8"])
@pytest.mark.parametrize("kernel", [3, 5])
def test_depthwise_kernels_do_not_saturate(kernel, activations, run_layer):
    weight = np.where(np.arange(16).reshape(-1, 1, 1, 1) % 2, 127, -127) * np.ones((16, 1, kernel, kernel))
    wrong, model = both_ways("Conv", weight.astype(np.int8), 16, activations, run_layer)
    assert wrong <= 0.501 and not saturating_layers(model)


@pytest.mark.parametrize("build", [qdq_layer, qoperator_layer])
def test_unsigned_weights_do_not_saturate(build, run_layer):
    weight = np.full((16, 8, 3, 3), 255, np.uint8)
    images = np.full((1, 8, 3, 3), 255)
    expected = exact("Conv", weight, images)
    arguments = ("Conv", weight) if build is qdq_layer else (weight, "u8")
    model = build(*arguments, step=expected.max() / 100, shape=images.shape)
    assert not saturating_layers(model)
    np.testing.assert_allclose(run_layer(model, images), expected, rtol=0.01)


@pytest.mark.parametrize(("activations", "saturates"), [("u8", True), ("s8", False)])
def test_operators_on_signed_integers_do_not_saturate(activations, saturates, run_layer):
    weight, images = np.full((16, 8, 3, 3), 127, np.int8), np.full((1, 8, 3, 3), 255)
    expected = exact("Conv", weight, images)
    model = qoperator_layer(weight, activations, step=expected.max() / 100, shape=images.shape)
    assert bool(saturating_layers(model)) is saturates
    off = np.abs(run_layer(model, images) / expected - 1).max()
    assert (off > 0.3) if saturates else (off < 0.01)


def test_the_bundled_model_answers_as_exact_integers_do(haswell):
    path = Path(__file__).parents[3] / "toolkit" / "models" / "best.int8.onnx"
    assert saturating_layers(load_graph(path)) == ()
    images = np.random.default_rng(4).integers(0, 256, (32, 32, 32, 3)).astype(np.uint8)
    there = haswell.run(path, {"image": images})
    with on_this_cpu() as told, as_programs_run_here() as plain:
        expected, here = (runner.run(path, {"image": images}) for runner in (told, plain))
    assert np.ptp(expected, axis=0).max() > 0.1
    np.testing.assert_allclose(there, expected, atol=1e-5)
    np.testing.assert_allclose(here, expected, atol=1e-5)


@pytest.mark.parametrize(("build", "activations"), [(qdq_layer, "u8"), (qdq_layer, "s8"), (qoperator_layer, "s8")])
def test_a_cpu_without_vnni_is_told_to_sum_exactly(build, activations, tmp_path):
    weight, images = np.full((16, 8, 3, 3), 127, np.int8), np.full((1, 8, 3, 3), 255)
    expected = exact("Conv", weight, images)
    arguments = ("Conv", weight, activations) if build is qdq_layer else (weight, activations)
    onnx.save(build(*arguments, step=expected.max() / 100, shape=images.shape), tmp_path / "layer.onnx")
    with on_this_cpu() as runner:
        found = runner.run(tmp_path / "layer.onnx", {"x": images.astype(np.float32)})
    np.testing.assert_allclose(found, expected, rtol=0.01)


def test_what_cannot_be_run_is_told(tmp_path):
    (tmp_path / "empty.onnx").write_bytes(b"")
    with on_this_cpu() as runner, pytest.raises(EmulationError, match=r"empty.onnx cannot be run: .*No graph"):
        runner.run(tmp_path / "empty.onnx", {"x": np.zeros((1, 1), np.float32)})
