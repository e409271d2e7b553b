from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as nps
from tiny_models import TINY_SPEC, solid, tiny_answer, tiny_spec

from cnnkit.errors import ParityError, SpecError
from cnnkit.runtime.golden import (
    check_golden,
    compare_answers,
    decode_golden,
    encode_golden,
    least_sure_of_each,
    require_passed,
)
from cnnkit.runtime.onnx import OnnxClassifier
from cnnkit.spec import GoldenImage, InputSpec, ModelSpec, Tolerance

COLORS = {"rgb": 3, "bgr": 3, "gray": 1}


@given(st.data(), st.sampled_from(sorted(COLORS)))
def test_images_come_back_as_they_were(data, color):
    images = data.draw(nps.arrays(np.uint8, (3, 5, 7, COLORS[color])))
    spec = ModelSpec(("a", "b"), InputSpec(5, 7, COLORS[color], color=color))
    golden = encode_golden(images, np.full((3, 2), 0.5, np.float32), color=color)
    np.testing.assert_array_equal(decode_golden(replace(spec, golden=golden)), images)


def test_png_is_rgb_for_everybody_else():
    import cv2

    golden = encode_golden(solid("red")[None], np.ones((1, 1), np.float32))
    shown = cv2.imdecode(np.frombuffer(golden[0].png, np.uint8), cv2.IMREAD_COLOR)
    assert shown[0, 0].tolist() == [0, 0, 255]  # OpenCV reads BGR


def test_at_most_sixteen_images():
    images = np.zeros((40, 4, 4, 3), np.uint8)
    assert len(encode_golden(images, np.ones((40, 2), np.float32))) == 16


def test_at_most_256_kib():
    images = np.random.default_rng(0).integers(0, 256, (16, 128, 128, 3), np.uint8)  # 49 KB each, however packed
    golden = encode_golden(images, np.ones((16, 2), np.float32))
    assert len(golden) == 5
    assert sum(len(image.png) for image in golden) <= 256 * 1024


def test_classifier_that_agrees(tiny_model):
    classifier = OnnxClassifier(tiny_model)
    result = check_golden(classifier, classifier.spec)
    assert (result.images, result.top1_agreement, result.label_changes, result.passed) == (4, 1, 0, True)
    assert result.max_probability_difference < 1e-6
    require_passed(result)


@pytest.mark.parametrize("color", ["rgb", "bgr"])
def test_colour_order_of_the_spec(make_model, color):
    """The tiny model takes what it gets: golden images must reach it in the spec's order."""
    images = np.stack([solid("red"), solid("blue")])
    spec = tiny_spec(
        input=replace(TINY_SPEC.input, color=color), golden=encode_golden(images, tiny_answer(images), color=color)
    )
    assert check_golden(OnnxClassifier(make_model(spec=spec)), spec).passed


@pytest.mark.parametrize(
    ("answers", "tolerance", "difference", "agreement", "passed"),
    [
        pytest.param([[0.6, 0.4], [0.3, 0.7]], Tolerance(0.0, 0), 0.0, 1.0, True, id="same"),
        pytest.param([[0.55, 0.45], [0.3, 0.7]], Tolerance(0.1, 0), 0.05, 1.0, True, id="within"),
        pytest.param([[0.55, 0.45], [0.3, 0.7]], Tolerance(0.01, 0), 0.05, 1.0, False, id="too far"),
        pytest.param([[0.4, 0.6], [0.3, 0.7]], Tolerance(0.5, 0), 0.2, 0.5, False, id="label changed"),
        pytest.param([[0.4, 0.6], [0.3, 0.7]], Tolerance(0.5, 1), 0.2, 0.5, True, id="one change allowed"),
        pytest.param([[0.6, np.nan], [0.3, 0.7]], Tolerance(0.5, 2), 1.0, 0.5, False, id="not a number"),
        pytest.param([[0.6, np.inf], [0.3, 0.7]], Tolerance(0.5, 2), 1.0, 0.5, False, id="infinite"),
    ],
)
def test_compare_answers(answers, tolerance, difference, agreement, passed):
    expected = np.array([[0.6, 0.4], [0.3, 0.7]], np.float32)
    spec = replace(TINY_SPEC, tolerance=tolerance)
    result = compare_answers(expected, np.array(answers, np.float32), spec)
    assert result.max_probability_difference == pytest.approx(difference, abs=1e-6)
    assert (result.top1_agreement, result.passed) == (agreement, passed)


def test_failed_result_is_said_in_one_line():
    spec = replace(TINY_SPEC, tolerance=Tolerance(0.01, 0))
    result = compare_answers(np.array([[0.6, 0.4]], np.float32), np.array([[0.4, 0.6]], np.float32), spec)
    with pytest.raises(ParityError) as caught:
        require_passed(result)
    assert str(caught.value).startswith(
        "the golden images are answered differently: "
        "probabilities by up to 0.2 (allowed 0.01), 1 of 1 labels (allowed 0)"
    )


def test_golden_images_cover_the_classes_and_their_boundaries():
    top = np.float32([0.9, 0.6, 0.5002, 0.8, 0.55, 0.7])  # of two classes; the third and the fifth are toss-ups
    groups = np.array([0, 0, 0, 1, 0, 1])
    probabilities = np.stack([top, 1 - top], axis=1)
    assert least_sure_of_each(probabilities, groups, 6).tolist() == [1, 5, 3, 0, 4, 2]
    assert least_sure_of_each(probabilities, groups, 2).tolist() == [1, 5]


def test_a_class_that_is_never_clear_comes_before_the_third_of_another():
    top = np.float32([0.9, 0.8, 0.7, 0.55])
    groups = np.array([0, 0, 0, 1])
    assert least_sure_of_each(np.stack([top, 1 - top], axis=1), groups, 3).tolist() == [2, 1, 3]


def test_no_golden_images(tiny_model):
    classifier = OnnxClassifier(tiny_model)
    with pytest.raises(SpecError, match="carries no golden images, so there is nothing to verify: export it again"):
        check_golden(classifier, replace(classifier.spec, golden=()))


@pytest.mark.parametrize(
    ("png", "found"),
    [
        pytest.param(b"", "no image", id="empty"),
        pytest.param(b"no PNG", "no image", id="garbage"),
        pytest.param(encode_golden(solid("red", 8, 9)[None], np.ones((1, 3)))[0].png, "9x8", id="size"),
    ],
)
def test_golden_image_that_is_damaged(png, found):
    spec = tiny_spec(golden=(GoldenImage(png, (1.0, 0.0, 0.0)),))
    with pytest.raises(SpecError) as caught:
        decode_golden(spec)
    assert str(caught.value) == f"golden image 0 is {found}, expected a PNG of 8x8: export the model again"
