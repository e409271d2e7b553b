from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from small_cnn import SMALL_SPEC, colour_images, run_graph, save_small, trained_graph

from cnnkit.errors import ModelError, UsageError
from cnnkit.export import QuantizeOptions, quantize_model
from cnnkit.export.graph.graphs import constants, load_graph
from cnnkit.export.quantization import further, heats, quantizing
from cnnkit.export.quantization.candidates import Workshop
from cnnkit.export.quantization.choosing import choose
from cnnkit.export.quantization.correction import correct_biases, mean_inputs
from cnnkit.export.quantization.equalization import equalize
from cnnkit.export.quantization.evidence import evidence, write_evidence
from cnnkit.export.quantization.integers import Quantizer
from cnnkit.export.quantization.measuring import measure_candidates
from cnnkit.export.quantization.schemes import SCHEMES, Scheme
from cnnkit.export.quantization.sensitivity import mixed_candidates, rank_layers
from cnnkit.runtime.onnx import OnnxClassifier, read_spec_of

NAMES = ["float32", "float16", *(scheme.name for scheme in SCHEMES if not scheme.on_request)]
SAFE = SCHEMES[0]


@pytest.fixture(scope="module")
def images():
    return colour_images(40, seed=1)[0]


@pytest.fixture
def workshop(small_model, images, tmp_path):
    return Workshop(small_model, SMALL_SPEC, images, "any", tmp_path)


@pytest.fixture(scope="module")
def report(small_model, colours, tmp_path_factory):
    """A choice among all candidates."""
    out = tmp_path_factory.mktemp("choice") / "small.int8.onnx"
    return quantize_model(QuantizeOptions(small_model, colours, out, calibration_size=48, threads=1, max_drop=0.05))


def test_all_candidates_are_made_and_answer_alike(workshop, small_model, images):
    made, failed = workshop.make_all(None, None)
    assert failed == ()
    assert [candidate.name for candidate in made] == NAMES
    floating = OnnxClassifier(small_model).probabilities(images)
    for candidate in made:
        answers = candidate.open(1).probabilities(images)
        assert (answers.argmax(axis=1) == floating.argmax(axis=1)).mean() > 0.93, candidate.name
        np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-3)
    assert {candidate.name for candidate in made if candidate.refused} == {"u8s8", "u8s8-precise", "s8s8", "u16s8"}


def test_one_calibration_method_is_used_for_every_scheme(workshop):
    made, _ = workshop.make_all("percentile", None)
    assert {candidate.scheme.method for candidate in made if candidate.scheme} == {"percentile"}
    assert "u8s8-7bit-entropy" not in {candidate.name for candidate in made}


def test_ranges_are_measured_once(workshop, monkeypatch):
    workshop.make(SAFE)
    monkeypatch.setattr(Quantizer, "_reader", lambda self, method: None)
    assert workshop.make(replace(SAFE, name="again", per_channel=False)).name == "again"


def test_the_precise_option_is_set_by_the_file_itself(workshop, monkeypatch):
    candidate = workshop.make(next(scheme for scheme in SCHEMES if scheme.precise_x64))
    opened = []
    from cnnkit.runtime import onnx as runtime

    real = runtime.open_session
    monkeypatch.setattr(runtime, "open_session", lambda *a, **k: opened.append(k.get("precise_x64")) or real(*a, **k))
    candidate.open(1)
    assert opened == [False, True]


def test_what_cannot_be_made_is_told_and_the_rest_is_made(workshop, monkeypatch):
    real = Quantizer.quantize

    def refuse(self, scheme, floats=()):
        if scheme.activations == "u16":
            raise ValueError("no 16-bit\noperators")
        return real(self, scheme, floats)

    monkeypatch.setattr(Quantizer, "quantize", refuse)
    made, failed = workshop.make_all(None, None)
    assert [(one.name, one.reason) for one in failed] == [("u16s8", "no 16-bit operators")]
    assert len(made) == len(NAMES) - 1


def test_too_little_memory_is_told_in_one_line(workshop, monkeypatch):
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail

    def fails(*_):
        raise Fail("[ONNXRuntimeError] : 1 : FAIL : std::bad_alloc")

    monkeypatch.setattr("cnnkit.export.quantization.candidates.correct_biases", fails)
    with pytest.raises(ModelError, match=r"small.onnx cannot be quantized here: there is too little memory, close"):
        workshop.make_all(None, "u8s8-pairs")


def test_equalization_changes_ranges_and_no_answer(images):
    model = trained_graph()
    before = run_graph(model, images)
    weights = {name: np.array(value) for name, value in constants(model).items() if value.ndim == 4}
    spread = 4.0 ** np.arange(8)
    _scale_channel(model, spread)
    uneven = run_graph(model, images)
    np.testing.assert_allclose(uneven, before, atol=1e-4)
    assert (
        equalize(model) == 2
    )  # the first two, and those inside the addition; what the addition takes has two consumers
    np.testing.assert_allclose(run_graph(model, images), before, atol=1e-4)
    after = [value for value in constants(model).values() if value.ndim == 4]
    assert len(after) == len(weights) == 4
    first, second = after[2], after[3]
    ratio = np.abs(first).max(axis=(1, 2, 3)) / np.abs(second).max(axis=(0, 2, 3))
    np.testing.assert_allclose(ratio, 1, rtol=1e-4)


def _scale_channel(model, factors) -> None:
    """Makes the channels between the third and the fourth convolution uneven, without changing an answer."""
    from onnx import numpy_helper

    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    third, fourth = convolutions[2], convolutions[3]
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for name, shape in ((third.input[1], (-1, 1, 1, 1)), (third.input[2], (-1,)), (fourth.input[1], (1, -1, 1, 1))):
        value = numpy_helper.to_array(tensors[name])
        scale = np.asarray(factors, np.float32).reshape(shape)
        changed = value / scale if name == fourth.input[1] else value * scale
        tensors[name].CopyFrom(numpy_helper.from_array(changed.astype(np.float32), name))


def test_channels_whose_ranges_differ_by_far_are_not_written_wrong(images, colours, tmp_path):
    model = trained_graph()
    _scale_channel(model, 10.0 ** np.array([0, 5, 0, 5, 1, 4, 2, 3]))
    path = save_small(tmp_path / "uneven.onnx", model)
    report = quantize_model(QuantizeOptions(path, colours, tmp_path / "o.onnx", calibration_size=48, threads=1))
    chosen = report.decision.chosen
    assert chosen.candidate.precision == "float32" or chosen.effect.agreement >= 0.96
    answers = OnnxClassifier(report.path).probabilities(images).argmax(axis=1)
    assert (answers == OnnxClassifier(path).probabilities(images).argmax(axis=1)).mean() >= 0.95


def test_equalization_rescues_weights_per_tensor(images, tmp_path):
    model = trained_graph()
    _scale_channel(model, 4.0 ** np.arange(8))
    floating = run_graph(model, images)
    errors = []
    for name in ("uneven", "even"):
        if name == "even":
            equalize(model)
        path = save_small(tmp_path / f"{name}.onnx", model)
        folder = tmp_path / name
        folder.mkdir()
        scheme = Scheme(name, bits=7, per_channel=False)
        graph = Quantizer(path, images, SMALL_SPEC.input, folder).quantize(scheme)
        errors.append(np.abs(run_graph(graph, images) - floating).mean())
    assert errors[1] < errors[0] / 3


def test_bias_correction_takes_out_the_mean_error_of_coarse_weights(small_model, images, tmp_path):
    quantizer = Quantizer(small_model, images, SMALL_SPEC.input, tmp_path)
    graph = quantizer.quantize(Scheme("coarse", bits=7, per_channel=False))
    means = mean_inputs(quantizer.prepared, quantizer.batches())
    before = {name: value.copy() for name, value in constants(graph).items() if value.dtype == np.int32}
    _shift_weights(graph)
    floating = run_graph(load_graph(small_model), images)
    wrong = np.abs(run_graph(graph, images) - floating).mean()
    assert correct_biases(graph, quantizer.prepared, means) == 4
    assert np.abs(run_graph(graph, images) - floating).mean() < wrong / 2
    assert all((constants(graph)[name] != value).any() for name, value in before.items() if value.any())


def _shift_weights(graph) -> None:
    """Adds three steps to every integer weight of the last convolution, which moves its mean output."""
    from onnx import numpy_helper

    tensor = [tensor for tensor in graph.graph.initializer if len(tensor.dims) == 4][-1]
    value = numpy_helper.to_array(tensor) + np.int8(3)
    tensor.CopyFrom(numpy_helper.from_array(value.astype(np.int8), tensor.name))


def test_the_layer_that_hurts_most_is_found_and_kept_in_float(images, tmp_path, small_model):
    model = trained_graph()
    _scale_channel(model, 60.0 ** np.linspace(-1, 1, 8))
    path = save_small(tmp_path / "uneven.onnx", model)
    workshop = Workshop(path, SMALL_SPEC, images, "any", tmp_path)
    scheme = Scheme("tensor", bits=7, per_channel=False)
    convolutions = [node.name for node in workshop.quantizer.prepared.graph.node if node.op_type == "Conv"]
    ranked = rank_layers(workshop, scheme, OnnxClassifier(path), images)
    assert sorted(ranked) == sorted(convolutions)
    assert ranked[0] in convolutions[2:]
    mixed = list(mixed_candidates(workshop, scheme, ranked))
    assert [candidate.name for candidate in mixed] == ["tensor-mixed-1", "tensor-mixed-2"]
    assert mixed[1].floats == tuple(ranked[:2])
    assert mixed[1].description.endswith(f"in float: {', '.join(ranked[:2])}")
    kept = [node for node in load_graph(mixed[0].path).graph.node if node.name == ranked[0]]
    assert kept[0].input[1] in constants(load_graph(mixed[0].path))


def test_layers_stay_in_float_where_nothing_else_is_right_enough(small_model, colours, tmp_path, monkeypatch):
    """Agreement of all of it in integers is made to look bad, as long as no layer is in float."""
    real = heats.measure_candidates

    def pessimistic(candidates, *args, **kwargs):
        return tuple(
            replace(one, ratio=0.5, latency_ms=0.5)
            if one.candidate.floats
            else replace(one, ratio=1.0, latency_ms=1.0)
            if one.candidate.scheme is None
            else replace(
                one, effect=replace(one.effect, agreement=agreements(one.candidate.name)), ratio=0.4, latency_ms=0.4
            )
            for one in real(candidates, *args, **kwargs)
        )

    def agreements(name):
        return 0.6 if name == "u8s8-pairs-percentile" else 0.5

    for module in (heats, further):
        monkeypatch.setattr(module, "measure_candidates", pessimistic)
    options = QuantizeOptions(small_model, colours, tmp_path / "out.onnx", calibration_size=48, threads=1, max_drop=0.5)
    report = quantize_model(options)
    assert report.decision.chosen.candidate.name == "u8s8-pairs-percentile-mixed-1"  # from the best, whole as it is
    assert "bias correction, percentile calibration; in float: " in read_spec_of(report.path).quantization.scheme


def test_the_file_says_what_it_was_chosen_among(report):
    record = read_spec_of(report.path).quantization
    assert set(record.candidates) == {one.candidate.name for one in report.measured}
    assert {"latency_ms", "ratio", "images_per_s", "runs", "size_bytes"} == set(record.candidates["float32"])
    assert record.decision == report.decision.reason
    assert record.target == "any"
    chosen = report.decision.chosen
    assert record.candidates[chosen.candidate.name] == pytest.approx(chosen.figures())


def test_the_decision_follows_from_what_was_measured(report):
    again = choose(report.measured, quantizing.Limits(0.05, 0.96))
    assert again.chosen is report.decision.chosen
    assert not report.decision.chosen.candidate.refused


def test_evidence_is_written_beside_the_model(report):
    table, picture = write_evidence(report)
    assert (table.name, picture.name) == ("small.int8.candidates.json", "small.int8.candidates.png")
    read = json.loads(table.read_text())
    assert read == json.loads(json.dumps(evidence(report)))
    assert [row["name"] for row in read["candidates"]] == [one.candidate.name for one in report.measured]
    assert [row["verdict"] for row in read["candidates"]].count("chosen") == 1
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_float32_is_written_where_it_is_fastest(small_model, colours, tmp_path, monkeypatch):
    real = heats.measure_candidates

    def slow(candidates, *args, **kwargs):
        return tuple(
            one if one.candidate.name == "float32" else replace(one, latency_ms=9e9, ratio=1.5)
            for one in real(candidates, *args, **kwargs)
        )

    monkeypatch.setattr(heats, "measure_candidates", slow)
    model = tmp_path / "m.onnx"
    model.write_bytes(small_model.read_bytes())
    report = quantize_model(QuantizeOptions(model, colours, calibration_size=48, threads=1))
    assert report.path.name == "m.float32.onnx"
    spec = read_spec_of(report.path)
    assert (spec.quantization.precision, spec.tolerance) == ("float32", read_spec_of(model).tolerance)
    assert spec.quantization.decision.startswith(
        "float32 is fastest on this CPU: the quickest of the others takes 1.50"
    )
    assert load_graph(report.path).graph == load_graph(model).graph
    assert quantize_model(QuantizeOptions(report.path, colours, tmp_path / "n.onnx", calibration_size=48)).path.exists()


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        ("int4", "--scheme int4 is not known, expected one of float16, u8s8-pairs, "),
        ("u8s8-7bit-entropy", "cannot be applied to .*: it does not go with --calibration-method"),
    ],
)
def test_a_scheme_that_is_not_there(small_model, colours, tmp_path, scheme, message):
    with pytest.raises(UsageError, match=message):
        quantize_model(QuantizeOptions(small_model, colours, tmp_path / "o.onnx", scheme=scheme, method="minmax"))


def test_times_come_from_the_clock(workshop, images):
    made, _ = workshop.make_all(None, "u8s8-7bit")
    measured = measure_candidates(made, None, images[:1], 1, clock=iter(range(0, 10**13, 100_000_000)).__next__)
    found = [(one.latency_ms, one.ratio, one.images_per_s, one.batch, one.runs) for one in measured]
    assert found == [(100.0, 1.0, 30.0, 3, 40)] * 2
