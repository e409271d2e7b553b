"""Which golden images a file that rounds is judged by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_cnn import colour_images

from cnnkit.export.quantization.integers import Quantizer
from cnnkit.export.quantization.odds import odds_margins
from cnnkit.export.quantization.telling import with_telling_golden
from cnnkit.runtime.golden import check_golden, decode_golden, encode_golden, is_clear
from cnnkit.runtime.onnx import OnnxClassifier, read_spec_of
from cnnkit.spec import GoldenImage


@pytest.fixture
def spec(small_model):
    return read_spec_of(small_model)


@pytest.fixture
def model(small_model):
    return OnnxClassifier(small_model)


def probabilities(spec):
    return np.array([image.probabilities for image in spec.golden], np.float32)


def test_toss_ups_are_left_out(spec, model):
    toss_up = GoldenImage(spec.golden[0].png, (0.34, 0.33, 0.33))
    kept = with_telling_golden(replace(spec, golden=(*spec.golden, toss_up)), model, 0.0, None)
    assert kept.golden == spec.golden
    assert with_telling_golden(replace(spec, golden=()), model, 0.0, None).golden == ()


def test_where_all_are_toss_ups_others_are_drawn(spec, model):
    toss_ups = tuple(GoldenImage(image.png, (0.34, 0.33, 0.33)) for image in spec.golden)
    drawn = with_telling_golden(replace(spec, golden=toss_ups), model, 0.0, None)
    answers = probabilities(drawn)
    assert is_clear(answers).all()
    assert len(set(answers.argmax(axis=1))) > 1
    assert check_golden(model, drawn).passed


def test_labels_that_the_usual_rounding_may_turn_are_left_out(spec, model):
    margins = np.sort(odds_margins(probabilities(spec)))
    between = (margins[len(margins) // 2 - 1] + margins[len(margins) // 2]) / 2
    kept = with_telling_golden(spec, model, between / 2, None)
    assert 4 <= len(kept.golden) == int((margins >= between).sum()) < len(spec.golden)
    assert odds_margins(probabilities(kept)).min() >= between


def test_what_no_rounding_keeps_stays_as_it_is(spec, model):
    assert with_telling_golden(spec, model, 1e3, None).golden == spec.golden


def test_images_beyond_what_calibration_saw_are_left_out(spec, model, small_model, tmp_path):
    seen = colour_images(48, seed=5)[0] // 4 + 40  # without black and white
    ranges = Quantizer(small_model, seen, spec.input, tmp_path).ranges
    assert ranges.excess(seen[:9]).max() == 0
    white = np.full_like(seen[:1], 255)
    assert ranges.excess(white)[0] > 1
    inside = tuple(encode_golden(seen[:12], np.tile(np.float32([0.9, 0.05, 0.05]), (12, 1))))
    outside = tuple(encode_golden(white, np.float32([[0.9, 0.05, 0.05]])))
    kept = with_telling_golden(replace(spec, golden=(*outside, *inside)), model, 0.0, ranges)
    assert kept.golden == inside
    assert ranges.excess(decode_golden(kept)).max() == 0
