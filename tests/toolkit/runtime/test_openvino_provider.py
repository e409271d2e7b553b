"""OpenVINO as a provider of ONNX Runtime itself, where onnxruntime-openvino is installed; CI goes without it."""

from __future__ import annotations

import json

import numpy as np
import onnxruntime
import pytest
from click.testing import CliRunner
from tiny_models import COLORS, solid

from cnnkit.cli import main
from cnnkit.runtime.golden import check_golden
from cnnkit.runtime.model import bundled_model
from cnnkit.runtime.onnx import OnnxClassifier

pytestmark = pytest.mark.skipif(
    "OpenVINOExecutionProvider" not in onnxruntime.get_available_providers(),
    reason="onnxruntime-openvino is not installed",
)


def run(*arguments: object):
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.mark.parametrize("threads", [None, 1])
@pytest.mark.parametrize("kind", ["int8", "float32"])
def test_the_bundled_model_keeps_within_its_tolerance(kind, threads):
    classifier = OnnxClassifier(bundled_model(kind), provider="openvino", threads=threads)
    assert (classifier.provider, check_golden(classifier, classifier.spec).passed) == ("openvino", True)


def test_it_answers_as_the_cpu_does_for_any_batch(tiny_model):
    openvino, cpu = (OnnxClassifier(tiny_model, provider=provider) for provider in ("openvino", "cpu"))
    images = np.stack([solid(color, 8, 8) for color in COLORS])
    for size in (1, 3, 2):
        np.testing.assert_allclose(openvino.probabilities(images[:size]), cpu.probabilities(images[:size]), atol=1e-5)


def test_verify_and_predict(tiny_model, make_image):
    assert run("verify", tiny_model, "--provider", "openvino").exit_code == 0
    result = run(
        "predict", make_image("red.png", "red"), "-m", tiny_model, "--provider", "openvino", "--format", "jsonl"
    )
    assert json.loads(result.stdout)["label"] == "red"
    assert "golden" not in result.stderr


def test_bench_sets_it_beside_the_cpu(tiny_model):
    result = run(
        "bench", "-m", tiny_model, "--provider", "cpu", "--provider", "openvino", "--runs", 20, "--batch-size", 2,
        "--no-cold-start", "--format", "json",
    )  # fmt: skip
    report = json.loads(result.stdout)
    assert [each["name"] for each in report["contenders"]] == ["tiny on cpu", "tiny on openvino"]
    assert report["contenders"][1]["runtime"].endswith("(openvino)")
    (ratio,) = report["ratios"]
    assert (ratio["numerator"], ratio["denominator"]) == ("tiny on cpu", "tiny on openvino")
