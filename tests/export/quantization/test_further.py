"""Where every fast candidate misses the limits by little, the nearest one learns by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cnnkit.errors import ModelError
from cnnkit.export import QuantizeOptions, quantize_model
from cnnkit.export.finetuning.finetuning import finetune
from cnnkit.export.quantization import further, heats
from cnnkit.export.quantization.measuring import measure_candidates
from cnnkit.sources.calibration_images import calibration_paths


@pytest.fixture
def narrow(monkeypatch):
    """Integers take half the time of float32 and give 94 % of its labels, all of them once they have learnt."""

    def measured(*arguments, **options):
        floating, *others = measure_candidates(*arguments, **options)
        half = floating.latency_ms / 2
        agreements = [1.0 if "-finetuned" in one.candidate.name else 0.94 for one in others]
        changed = (
            replace(one, latency_ms=half, ratio=0.5, effect=replace(one.effect, agreement=agreement, drop=(0, 0, 0)))
            for one, agreement in zip(others, agreements, strict=True)
        )
        return (floating, *changed)

    for module in (heats, further):
        monkeypatch.setattr(module, "measure_candidates", measured)


@pytest.fixture
def lessons(monkeypatch):
    """What fine-tuning was asked for; it makes two steps."""
    asked = []

    def two_steps(*arguments, **options):
        asked.append({"paths": arguments[4], **options})
        return finetune(*arguments, **{**options, "steps": 2})

    monkeypatch.setattr(further, "finetune", two_steps)
    return asked


@pytest.fixture
def options(small_model, colours, tmp_path):
    return QuantizeOptions(small_model, colours, tmp_path / "out.onnx", calibration_size=48, threads=1)


def test_a_narrow_miss_learns_from_the_calibration_folder(keras, narrow, lessons, options, caplog):
    caplog.set_level("INFO", logger="cnnkit")
    report = quantize_model(options)
    chosen = report.decision.chosen.candidate
    assert chosen.name.endswith("-finetuned") and chosen.precision == "int8"
    assert "is about at the limits: it learns from the calibration folder, for 120 s at most" in caplog.text
    (lesson,) = lessons
    assert lesson["seconds"] == 120
    assert set(lesson["paths"]) == set(calibration_paths(options.calibration))


@pytest.mark.parametrize("how", ["judged by what it learnt from", "without Keras", "no gradient", "other"])
def test_what_cannot_learn_stays_in_float32(narrow, lessons, options, monkeypatch, how):
    if how == "without Keras":
        monkeypatch.setattr(further, "find_spec", lambda name: None)
    elif how == "no gradient":
        monkeypatch.setattr(further, "finetune", fails)
    elif how == "other":
        monkeypatch.setattr(further, "finetune", fails_otherwise)
    else:
        options = replace(options, calibration_size=120, data=None, calibration=options.calibration / "red")
    report = quantize_model(options)
    assert report.decision.chosen.candidate.name == "float32"
    assert lessons == []


def fails_otherwise(*_arguments, **_options):
    raise ValueError("of Keras\nlines")


def fails(*_arguments, **_options):
    raise ModelError("the graph computes Loop, through which fine-tuning knows no gradient: leave out --finetune")
