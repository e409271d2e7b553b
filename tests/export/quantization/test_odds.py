"""By how much rounding moves answers, and what that lets a probability do."""

from __future__ import annotations

import numpy as np
import pytest
from damaged_models import with_noise
from small_cnn import colour_images

from cnnkit.export.quantization.odds import difference_ceiling, odds_margins, usual_change
from cnnkit.runtime.onnx import OnnxClassifier


def test_the_ceiling_of_differences_follows_what_rounding_does(quantized, small_model, tmp_path):
    images = colour_images(20, seed=3)[0]
    floating, integers = OnnxClassifier(small_model), OnnxClassifier(quantized.path)
    noisy = OnnxClassifier(with_noise(quantized.path, tmp_path / "noisy.onnx", 4, what="weights"))
    usual = [usual_change(floating, model, images) for model in (floating, integers, noisy)]
    assert usual[0] == 0 < usual[1] < usual[2]
    assert 1e-3 == difference_ceiling(usual[0]) < difference_ceiling(usual[1]) <= difference_ceiling(usual[2]) <= 0.5


def test_a_change_of_one_half_by_hand():
    """Of a logit from -0.3 to 0.3 the logistic function makes 0.4256 and 0.5744; three times 0.2 may change."""
    assert difference_ceiling(0.2) == pytest.approx(0.5744 - 0.4256, abs=1e-4)


@pytest.mark.parametrize(
    ("answers", "limits", "expected"),
    [
        pytest.param([0.6, 0.3, 0.1], (), np.log(2), id="two classes"),
        pytest.param([0.5, 0.5, 0.0], (), 0.0, id="a toss-up"),
        pytest.param([1.0, 0.0, 0.0], (), np.log(1e4), id="a sure one"),
        pytest.param([0.9, 0.6], (0.5, 0.5), np.log(0.6 / 0.4), id="independent labels"),
        pytest.param([0.9, 0.05], (0.9, 0.5), 0.0, id="on a limit of its own"),
        pytest.param([0.8, 0.1], (0.6, 0.5), np.log(4) - np.log(1.5), id="beyond a limit of its own"),
    ],
)
def test_how_far_another_decision_is(answers, limits, expected):
    assert odds_margins(np.array([answers], np.float32), limits) == pytest.approx(expected, abs=1e-5)
