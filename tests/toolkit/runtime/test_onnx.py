from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tiny_models import TINY_SPEC, solid, tiny_answer

from cnnkit.errors import ImageError, ModelError, SpecError
from cnnkit.runtime.onnx import OnnxClassifier, read_spec_of
from cnnkit.spec import METADATA_KEY, InputSpec

FLOAT_INPUT = InputSpec(8, 8, 3, dtype="float32")
IMAGES = np.stack([solid("red"), solid("blue"), solid("white"), solid("green"), solid("black")])


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        pytest.param({}, {}, id="uint8 nhwc"),
        pytest.param({"output": "logits"}, {"output": "logits"}, id="logits"),
        pytest.param({}, {"output_dtype": "float16"}, id="float16 out"),
        pytest.param({"output": "logits"}, {"output": "logits", "output_dtype": "float16"}, id="float16 logits"),
        pytest.param({"input": FLOAT_INPUT}, {"dtype": "float32"}, id="float32"),
        pytest.param({"input": replace(FLOAT_INPUT, layout="nchw")}, {"dtype": "float32", "layout": "nchw"}, id="nchw"),
        pytest.param({}, {"batch": 1}, id="batch of one"),
        pytest.param({}, {"batch": 2}, id="batch of two"),
        pytest.param({}, {"batch": 7}, id="batch larger than the images"),
    ],
)
def test_probabilities(make_model, changes, options):
    classifier = OnnxClassifier(make_model(spec=replace(TINY_SPEC, **changes), **options))
    answers = classifier.probabilities(IMAGES)
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers, tiny_answer(IMAGES), atol=2e-3 if "output_dtype" in options else 1e-6)


def test_scaling_of_float_inputs(make_model):
    """x = (pixel * scale - mean) / std: inverting the pixels makes white black."""
    spec = replace(TINY_SPEC, input=replace(FLOAT_INPUT, scale=2.0, mean=(510.0,) * 3, std=(-2.0,) * 3))
    classifier = OnnxClassifier(make_model(spec=None, dtype="float32"), spec=spec)
    np.testing.assert_allclose(classifier.probabilities(IMAGES), tiny_answer(255 - IMAGES), atol=1e-6)


def test_no_images_give_no_answers(tiny_model):
    assert OnnxClassifier(tiny_model).probabilities(IMAGES[:0]).shape == (0, 3)


def test_attributes(tiny_model):
    classifier = OnnxClassifier(str(tiny_model), threads=1, provider="CPU")
    assert (classifier.path, classifier.threads, classifier.provider) == (tiny_model, 1, "cpu")
    assert len(classifier.spec.golden) == 4


def test_run_gives_the_raw_output(make_model):
    classifier = OnnxClassifier(make_model(spec=replace(TINY_SPEC, output="logits"), output="logits"))
    raw = classifier.run(classifier.input_tensor(IMAGES[:1]))
    np.testing.assert_allclose(raw, [[4, 0, 0]], atol=1e-6)


def test_spec_given_instead_of_the_files_own(make_model):
    named = replace(TINY_SPEC, labels=("r", "g", "b"))
    assert OnnxClassifier(make_model(), spec=named).spec is named


@pytest.mark.parametrize(
    ("images", "found"),
    [
        pytest.param(IMAGES[0], r"is \(8, 8, 3\) uint8", id="one image"),
        pytest.param(IMAGES[:, :4], r"is \(5, 4, 8, 3\) uint8", id="size"),
        pytest.param(IMAGES.astype(np.float32), r"is \(5, 8, 8, 3\) float32", id="dtype"),
    ],
)
def test_array_that_does_not_fit(tiny_model, images, found):
    with pytest.raises(ImageError, match=rf"^array: {found}, expected \(N, 8, 8, 3\) uint8$"):
        OnnxClassifier(tiny_model).probabilities(images)


def test_model_without_a_spec(make_model):
    path = make_model(spec=None)
    with pytest.raises(SpecError) as caught:
        OnnxClassifier(path)
    assert str(caught.value) == (
        f"{path} carries no model spec, so its labels and scaling are unknown: "
        "cnnkit stamp writes them into it, or export it with cnnkit export, which does"
    )
    assert read_spec_of(path) is None


def test_spec_of_a_newer_version(make_model):
    path = make_model(spec=None, metadata={METADATA_KEY: '{"spec_version": 3}'})
    for read in (OnnxClassifier, read_spec_of):
        with pytest.raises(SpecError, match=r"\.onnx: the model spec is version 3, .* install cnnkit 3\.0"):
            read(path)


def test_metadata_that_is_no_utf8(make_model):
    path = make_model(spec=None, metadata={METADATA_KEY: "????"})
    path.write_bytes(path.read_bytes().replace(b"????", b"\xff\xfe\xff\xfe"))
    with pytest.raises(SpecError, match="has metadata that is no UTF-8"):
        OnnxClassifier(path)


def test_read_spec_of(tiny_model):
    assert read_spec_of(tiny_model) == OnnxClassifier(tiny_model).spec


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        pytest.param(
            {"labels": ("red", "green")},
            {},
            "gives an output of shape (batch, 3), its spec has 2 labels: export the model again with one label a class",
            id="labels",
        ),
        pytest.param(
            {},
            {"size": 16},
            "takes uint8 (batch, 16, 16, 3), its spec says uint8 (batch, 8, 8, 3): export the model again",
            id="size",
        ),
        pytest.param(
            {},
            {"dtype": "float32"},
            "takes float32 (batch, 8, 8, 3), its spec says uint8 (batch, 8, 8, 3): export the model again",
            id="dtype",
        ),
        pytest.param(
            {},
            {"layout": "nchw"},
            "takes uint8 (batch, 3, 8, 8), its spec says uint8 (batch, 8, 8, 3): export the model again",
            id="layout",
        ),
        pytest.param({}, {"extra_input": True}, "has 2 inputs, expected one: the image", id="two inputs"),
    ],
)
def test_spec_that_contradicts_the_graph(make_model, changes, options, message):
    path = make_model(spec=replace(TINY_SPEC, **changes), **options)
    with pytest.raises(ModelError) as caught:
        OnnxClassifier(path)
    assert str(caught.value) == f"{path} {message}"


def test_output_width_that_shows_only_when_run(tiny_model, monkeypatch):
    classifier = OnnxClassifier(tiny_model)
    monkeypatch.setattr(classifier, "run", lambda tensor: np.zeros((len(tensor), 2), np.float32))
    with pytest.raises(ModelError, match=r"gives an output of shape \(5, 2\), expected \(5, 3\), one a label"):
        classifier.probabilities(IMAGES)


def test_graph_that_fails_when_run(tiny_model, capfd):
    classifier = OnnxClassifier(tiny_model)
    with pytest.raises(ModelError, match=r"tiny\.onnx cannot be run: ") as caught:
        classifier.run(np.zeros((1, 2, 2, 3), np.uint8))
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")
