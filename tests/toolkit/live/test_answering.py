"""What a live view says of frame after frame: labels that stay while they hover about their limits."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from tiny_models import TINY_SPEC

from cnnkit.classifier import predict_rows
from cnnkit.live.answering import AnswerOptions, FrameClassifier

LIMITS = (0.6, 0.9, 0.1)
INDEPENDENT = replace(TINY_SPEC, output="independent", limits=LIMITS)
AT_ONCE = 1e-9  # seconds: no delay, the limits alone


def labels(spec, answers, **options):
    """The label of each answer, one a second."""
    asked = AnswerOptions(**{"smooth_s": AT_ONCE, **options})
    view = FrameClassifier(SimpleNamespace(spec=spec), asked)
    return [view.answer(np.array(answer, np.float32), second).label for second, answer in enumerate(answers)]


def reds(*values):
    return [(value, 0, 0) for value in values]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param(reds(0.59, 0.6, 0.59, 0.51, 0.6), ["none", *["red"] * 4], id="hovering about its limit"),
        pytest.param(reds(0.6, 0.49, 0.59, 0.6), ["red", "none", "none", "red"], id="clearly below, and back"),
        pytest.param(
            [(0, 0, value) for value in (0.1, 0.06, 0.04, 0.06)], ["blue", "blue", "none", "none"], id="a low limit"
        ),
        pytest.param(
            [(0.7, 0.95, 0), (0.55, 0.85, 0), (0.45, 0.85, 0), (0.55, 0.79, 0.2)],
            ["red, green", "red, green", "green", "blue"], id="each for itself",
        ),
    ],
)  # fmt: skip
def test_independent_labels_are_kept_until_they_are_clearly_below_their_limits(answers, expected):
    assert labels(INDEPENDENT, answers) == expected


def test_without_smoothing_each_answer_is_what_predict_says():
    answers = np.random.default_rng(0).random((64, 3), np.float32)
    assert labels(INDEPENDENT, answers, smooth_s=0) == [row.label for row in predict_rows(answers, INDEPENDENT, 5)]


def test_labels_that_hover_change_once():
    rng = np.random.default_rng(0)
    answers = 0.6 + rng.normal(0, 0.02, (300, 3))
    flickering, kept = (labels(INDEPENDENT, answers, smooth_s=seconds) for seconds in (0, AT_ONCE))
    changes = [sum(before != after for before, after in pairwise(row)) for row in (flickering, kept)]
    assert changes[0] > 50 and changes[1] <= 1


def test_one_least_confidence_for_all_has_two_limits_as_well():
    assert labels(INDEPENDENT, reds(0.3, 0.21, 0.19, 0.29), min_confidence=0.3) == ["red", "red", "none", "none"]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param([(0.7, 0.3, 0), (0.55, 0.45, 0), (0.49, 0.4, 0.1), (0.55, 0.45, 0)],
                     ["red", "red", "unknown", "unknown"], id="kept"),
        pytest.param([(0.7, 0.3, 0), (0.3, 0.55, 0.15), (0.3, 0.62, 0.08)], ["red", "unknown", "green"], id="another"),
    ],
)  # fmt: skip
def test_a_known_label_is_kept_and_another_has_to_reach_the_limit(answers, expected):
    assert labels(TINY_SPEC, answers, min_confidence=0.6) == expected


def test_after_a_lost_signal_a_label_has_to_reach_its_limit_again():
    view = FrameClassifier(SimpleNamespace(spec=INDEPENDENT), AnswerOptions(smooth_s=AT_ONCE))
    assert view.answer(np.array((0.7, 0, 0), np.float32), 0).label == "red"
    view.forget()
    assert view.answer(np.array((0.55, 0, 0), np.float32), 1).label == "none"
