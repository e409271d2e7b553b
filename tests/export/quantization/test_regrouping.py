"""The chosen file takes pixels in groups where that is measured to pay, and answers as before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_cnn import colour_images

from cnnkit.export import QuantizeOptions, quantize_model
from cnnkit.export.graph.graphs import load_graph
from cnnkit.export.quantization import regrouping
from cnnkit.export.quantization.measuring import measure_candidates
from cnnkit.runtime.onnx import OnnxClassifier, read_spec_of

SCHEME = "u8s8-pairs"


@pytest.fixture
def options(small_model, colours, tmp_path):
    out = tmp_path / "out.onnx"
    return QuantizeOptions(small_model, colours, out, calibration_size=48, threads=1, scheme=SCHEME, force=True)


@pytest.fixture
def told(monkeypatch):
    """Sets how long the other file takes, by what part its products are more, and whether it is for other CPUs."""

    def measured(rate):
        def measure(candidates, *arguments):
            floating, before, after = measure_candidates(candidates, *arguments)
            return floating, before, replace(after, latency_ms=before.latency_ms * rate)

        return measure

    def tell(rate, growth, *, for_others):
        rewritten = regrouping._rewritten
        monkeypatch.setattr(regrouping, "measure_candidates", measured(rate))
        monkeypatch.setattr(regrouping, "_rewritten", lambda *arguments: (rewritten(*arguments)[0], growth))
        monkeypatch.setattr(regrouping, "_is_for_others", lambda _: for_others)

    return tell


def is_grouped(path):
    return any(node.name.startswith("pixel_groups") for node in load_graph(path).graph.node)


def test_a_faster_graph_is_taken_and_answers_the_same(options, told, tmp_path):
    told(0.9, 0.05, for_others=True)
    report = quantize_model(options)
    told(1.0, 0.05, for_others=True)
    plain = quantize_model(replace(options, output=tmp_path / "plain.onnx"))
    assert is_grouped(report.path) and not is_grouped(plain.path)
    images = colour_images(20, seed=2)[0]
    answers, others = (OnnxClassifier(one.path).probabilities(images) for one in (report, plain))
    np.testing.assert_array_equal(answers, others)
    chosen = report.decision.chosen
    assert any(one is chosen for one in report.measured) and chosen.candidate.name == SCHEME
    assert chosen.effect is not None and "with pixels in groups 0.90 of that" in report.decision.reason
    found = read_spec_of(report.path).quantization
    assert found.scheme.endswith("minmax calibration, 4 pixels at once in the first convolution")
    assert found.latency["ratio"] == pytest.approx(chosen.ratio) == found.candidates[SCHEME]["ratio"]
    assert found.latency["ratio"] == pytest.approx(found.latency["int8_ms"] / found.latency["float32_ms"])


@pytest.mark.parametrize(
    ("rate", "growth", "for_others", "taken"),
    [
        pytest.param(0.9, 0.05, True, True, id="gains more than it can cost elsewhere"),
        pytest.param(0.9, 0.15, True, False, id="gains less than it can cost elsewhere"),
        pytest.param(0.9, 0.15, False, True, id="is for this kind of CPU"),
        pytest.param(0.99, 0.001, False, False, id="gains no more than chance"),
        pytest.param(1.1, 0.001, False, False, id="is slower"),
    ],
)
def test_it_is_taken_where_it_pays(options, told, rate, growth, for_others, taken):
    told(rate, growth, for_others=for_others)
    assert is_grouped(quantize_model(options).path) is taken


def test_it_is_not_taken_where_pairs_of_weights_would_meet_that_did_not(options, told, monkeypatch):
    from cnnkit.export.quantization import candidates

    told(0.5, 0.0, for_others=False)
    grouped = "pixel_groups.weight.integers"
    wrong_on = candidates.wrong_on

    def refused(graph, *arguments, **options):
        names = {tensor.name for tensor in graph.graph.initializer}
        return "saturates" if grouped in names else wrong_on(graph, *arguments, **options)

    monkeypatch.setattr(candidates, "wrong_on", refused)
    assert not is_grouped(quantize_model(options).path)


def test_answers_that_differ_are_not_taken(options, told, monkeypatch):
    told(0.5, 0.0, for_others=False)
    group_pixels = regrouping.group_pixels

    def wrongly(graph):
        pixels = group_pixels(graph)
        tensor = next(one for one in graph.graph.initializer if one.name == "pixel_groups.bias.integers")
        tensor.raw_data = bytes(len(tensor.raw_data))
        return pixels

    monkeypatch.setattr(regrouping, "group_pixels", wrongly)
    assert not is_grouped(quantize_model(options).path)


@pytest.mark.parametrize("scheme", ["float16", "u8s8-7bit-qoperator"])
def test_files_without_such_a_layer_stay(options, told, scheme):
    told(0.5, 0.0, for_others=False)
    assert not is_grouped(quantize_model(replace(options, scheme=scheme)).path)
