"""What verify allows for files that round, and that what is wrong does not pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from damaged_models import with_agreement, with_noise
from small_cnn import colour_images, save_small, trained_graph

from cnnkit.cli import main
from cnnkit.errors import ParityError
from cnnkit.export import QuantizeOptions, quantize_model
from cnnkit.export.graph.graphs import load_graph, save_with_spec
from cnnkit.export.quantization import heats, quantizing
from cnnkit.export.quantization.measuring import measure_candidates
from cnnkit.export.quantization.odds import difference_ceiling, usual_change
from cnnkit.export.quantization.tolerances import straying, tolerance_for
from cnnkit.runtime.golden import check_golden
from cnnkit.runtime.onnx import OnnxClassifier
from cnnkit.spec import Tolerance


def evidence(spec, **figures):
    """The spec with other figures of what was measured."""
    record = spec.quantization
    return replace(spec, quantization=replace(record, evaluation={**record.evaluation, **figures}))


def test_the_tolerance_lets_the_file_pass_and_little_more(quantized):
    result = check_golden(OnnxClassifier(quantized.path), quantized.spec)
    assert result.passed and not result.cause
    figures, allowed = quantized.spec.quantization.evaluation, quantized.spec.tolerance
    assert figures["min_agreement"] == 0.96
    assert 1e-3 <= figures["difference_ceiling"] <= 0.5
    expected = min(max(1.5 * result.max_probability_difference, 1e-3), figures["difference_ceiling"])
    assert allowed.max_probability_difference == pytest.approx(expected)
    assert allowed.max_label_changes <= 2


@pytest.mark.parametrize("what", ["weights", "scales", "layer"])
@pytest.mark.parametrize("wanted", [0.43, 0.9])
def test_a_file_that_is_often_wrong_fails(quantized, tmp_path, what, wanted):
    images = colour_images(100, seed=11)[0]
    path = tmp_path / "damaged.onnx"
    left = with_agreement(quantized.path, path, wanted, images, what=what)
    assert wanted - 0.2 < left <= wanted
    result = CliRunner().invoke(main, ["verify", str(path)])
    assert result.exit_code == 1
    assert "the golden images are answered differently" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("agreement", [0.2, 0.43, 0.9])
def test_a_file_that_was_measured_to_be_wrong_fails_whatever_it_allows(quantized, tmp_path, agreement):
    spec = replace(evidence(quantized.spec, agreement=agreement), tolerance=Tolerance(1.0, 16))
    path = tmp_path / "loose.onnx"
    save_with_spec(load_graph(quantized.path), spec, path)
    result = CliRunner().invoke(main, ["verify", str(path)])
    assert result.exit_code == 1
    assert f"the label of float32 on {agreement:.1%} of 72 images, expected 96% or more" in result.stderr


def test_files_from_before_have_the_ceiling_too(quantized, tmp_path):
    """Their evidence is an agreement alone, and their tolerance what was seen on wrong answers times 1.5."""
    record = replace(quantized.spec.quantization, evaluation={"agreement": 0.98, "images": 500.0})
    noisy = with_noise(quantized.path, tmp_path / "noisy.onnx", 60, what="weights")
    spec = replace(quantized.spec, quantization=record, tolerance=Tolerance(1.0, len(quantized.spec.golden)))
    path = tmp_path / "before.onnx"
    save_with_spec(load_graph(noisy), spec, path)
    result = CliRunner().invoke(main, ["verify", str(path)])
    assert result.exit_code == 1
    assert (
        "the agreement of 98.0% measured on 500 images makes no more likely, though the file itself says"
        in result.stderr
    )


def test_what_strays_is_not_written(quantized, tmp_path):
    noisy = OnnxClassifier(with_noise(quantized.path, tmp_path / "noisy.onnx", 60, what="weights"))
    with pytest.raises(
        ParityError, match=r"it changes \d+ of \d+ golden labels, expected at most \d.*no file was written"
    ):
        tolerance_for(noisy, quantized.spec)
    assert "the label of float32 on 43.0%" in straying(noisy, evidence(quantized.spec, agreement=0.43))
    little = OnnxClassifier(with_noise(quantized.path, tmp_path / "little.onnx", 3, what="weights"))
    tight = evidence(quantized.spec, difference_ceiling=1e-3)
    assert "it moves a probability of a golden image by" in straying(little, tight)


def test_a_scheme_that_strays_is_refused_and_others_are_chosen_instead(small_model, colours, tmp_path, monkeypatch):
    real = quantizing.straying
    asked = []

    def strays(model, spec):
        asked.append(model.path.stem)
        return "it answers nonsense" if len(asked) == 1 else real(model, spec)

    def faster(*arguments, **options):
        """Integers at half the time of float32, whatever this machine makes of so small a network."""
        floating, *others = measure_candidates(*arguments, **options)
        half = floating.latency_ms / 2
        return (floating, *(replace(one, latency_ms=half, ratio=0.5) for one in others))

    monkeypatch.setattr(quantizing, "straying", strays)
    for module in (heats, quantizing):
        monkeypatch.setattr(module, "measure_candidates", faster)
    out = tmp_path / "out.onnx"
    options = QuantizeOptions(small_model, colours, out, calibration_size=48, threads=1)
    with pytest.raises(ParityError, match="--scheme u8s8-7bit: it answers nonsense; no file was written"):
        quantize_model(replace(options, scheme="u8s8-7bit"))
    assert not out.exists()
    asked.clear()
    report = quantize_model(options)
    assert len(asked) == 2
    first = asked[0]
    assert report.decision.chosen.candidate.name != first
    assert report.decision.against[first] == "it answers nonsense"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_answers_that_are_no_numbers(quantized, value, monkeypatch):
    model = OnnxClassifier(quantized.path)
    monkeypatch.setattr(model, "probabilities", lambda images: np.full((len(images), 3), value, np.float32))
    assert straying(model, quantized.spec)
    assert not check_golden(model, replace(quantized.spec, tolerance=Tolerance(1.0, 16))).passed
    usual = usual_change(OnnxClassifier(quantized.path), model, colour_images(2)[0])
    assert difference_ceiling(usual) == 0.5


def test_no_golden_images_give_the_least_tolerance(quantized):
    tolerance = tolerance_for(OnnxClassifier(quantized.path), replace(quantized.spec, golden=()))
    assert tolerance == Tolerance(1e-3, 0)


def test_one_golden_image_can_fail(quantized, tmp_path):
    spec = replace(quantized.spec, golden=quantized.spec.golden[:1])
    assert tolerance_for(OnnxClassifier(quantized.path), spec).max_label_changes == 0
    turned = replace(spec.golden[0], probabilities=tuple(reversed(spec.golden[0].probabilities)))
    assert straying(OnnxClassifier(quantized.path), replace(spec, golden=(turned,)))


def test_the_limit_is_said_in_words(tmp_path, small_model, colours):
    golden = {"golden": ()}
    bare = save_small(tmp_path / "bare.onnx", trained_graph(), **golden)
    arguments = ["--calibration", str(colours), "--scheme", "u8s8-7bit", "--threads", "1", "--calibration-size", "40"]
    for path, said in ((small_model, "golden labels may change, and no probability by more than"),
                       (bare, "verify has nothing to check: the model carries no golden images")):  # fmt: skip
        result = CliRunner().invoke(
            main, ["quantize", str(path), "-o", str(tmp_path / "o.onnx"), "--overwrite", *arguments]
        )
        assert result.exit_code == 0, result.stderr
        assert said in result.stdout
    verified = CliRunner().invoke(main, ["verify", str(tmp_path / "o.onnx")])
    assert (verified.exit_code, len(verified.stderr.splitlines())) == (1, 1)
    assert "carries no golden images" in verified.stderr
