from __future__ import annotations

import numpy as np
import pytest
from tiny_models import solid, tiny_answer

import cnnkit
from cnnkit.errors import ImageError, ModelError, UsageError
from cnnkit.runtime.model import bundled_model, warn_of_provider
from cnnkit.runtime.onnx import OnnxClassifier


@pytest.mark.parametrize("color", ["red", "green", "blue"])
def test_predict_a_file(tiny_model, make_image, color):
    prediction = cnnkit.load(tiny_model).predict(make_image("photo.png", color))
    assert prediction.label == color
    assert prediction.confidence == pytest.approx(float(tiny_answer(solid(color)[None]).max()))
    assert prediction.top[0].label == color
    assert sum(candidate.probability for candidate in prediction.top) == pytest.approx(1)


def test_predict_a_path_as_text_and_top_k(tiny_model, make_image):
    prediction = cnnkit.load(str(tiny_model)).predict(str(make_image("photo.png")), top_k=1)
    assert [candidate.label for candidate in prediction.top] == ["red"]


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(solid("blue", 40, 31), id="any size"),
        pytest.param(solid("red", 40, 31)[..., ::-1], id="negative strides"),
        pytest.param(solid("blue", 40, 31)[::3, ::2], id="not contiguous"),
    ],
)
def test_predict_an_array(tiny_model, array):
    assert cnnkit.load(tiny_model).predict(array).label == "blue"


@pytest.mark.parametrize(
    ("array", "message"),
    [
        pytest.param(np.zeros((8, 8), np.uint8), "array: is (8, 8) uint8, expected (H, W, 3) uint8 RGB", id="gray"),
        pytest.param(np.zeros((8, 8, 3)), "array: is (8, 8, 3) float64, expected (H, W, 3) uint8 RGB", id="dtype"),
        pytest.param(
            np.zeros((0, 8, 3), np.uint8), "array: is (0, 8, 3) uint8, expected (H, W, 3) uint8 RGB", id="empty"
        ),
        pytest.param([[1]], "image: is a list, expected a path or an array of (H, W, 3) uint8 RGB", id="list"),
    ],
)
def test_something_that_is_no_image(tiny_model, array, message):
    with pytest.raises(ImageError) as caught:
        cnnkit.load(tiny_model).predict(array)
    assert str(caught.value) == message


def test_top_k_of_zero(tiny_model):
    with pytest.raises(UsageError, match="top_k is 0, expected 1 or more"):
        cnnkit.load(tiny_model).predict(solid("red"), top_k=0)


def test_answer_that_is_not_finite(tiny_model, monkeypatch):
    model = cnnkit.load(tiny_model)
    monkeypatch.setattr(model.classifier, "probabilities", lambda images: np.full((1, 3), np.nan, np.float32))
    with pytest.raises(ModelError, match="gives an answer that is not finite for this image"):
        model.predict(solid("red"))


def test_warnings_of_an_image_are_logged(tiny_model, make_image, caplog):
    path = make_image("photo.jpg")
    path.write_bytes(path.read_bytes()[:-2])  # without the end marker
    assert cnnkit.load(tiny_model).predict(path).label == "red"
    assert caplog.messages == [f"{path}: JPEG lacks its end marker"]


def test_threads_and_provider_reach_the_runtime(tiny_model):
    assert cnnkit.load(tiny_model, threads=1).classifier.threads == 1
    with pytest.raises(UsageError, match="provider 'gpu' is not known"):
        cnnkit.load(tiny_model, provider="gpu")


@pytest.mark.parametrize(("kind", "name"), [("int8", "net.int8.onnx"), ("float32", "net.onnx"), ("keras", "net.keras")])
def test_bundled_model_is_found_by_its_suffix(models_folder, kind, name):
    for file in ("net.int8.onnx", "net.onnx", "net.keras", "README.md", "__init__.py"):
        (models_folder / file).write_bytes(b"")
    assert bundled_model(kind) == models_folder / name


@pytest.mark.parametrize("names", [[], ["a.int8.onnx", "b.int8.onnx"]], ids=["none", "two"])
def test_bundled_model_must_be_one(models_folder, names):
    for name in names:
        (models_folder / name).write_bytes(b"")
    with pytest.raises(ModelError) as caught:
        bundled_model()
    assert str(caught.value) == (
        f"cnnkit has {len(names)} bundled models *.int8.onnx in {models_folder}, expected exactly one: "
        "install cnnkit again, or name a model file"
    )


def test_load_without_a_path_takes_the_bundled_int8_model(models_folder, tiny_model):
    (models_folder / "net.int8.onnx").write_bytes(tiny_model.read_bytes())
    assert cnnkit.load().classifier.path == models_folder / "net.int8.onnx"
    assert cnnkit.load().predict(solid("green")).label == "green"


class OnProvider:
    """A tiny model on a provider of any name that adds something to its answers."""

    def __init__(self, path, provider, shift):
        self._cpu = OnnxClassifier(path)
        self.path, self.spec, self.provider, self._shift = path, self._cpu.spec, provider, shift
        self.asked = 0

    def probabilities(self, images):
        self.asked += 1
        return np.roll(self._cpu.probabilities(images), self._shift, axis=1)


@pytest.mark.parametrize(
    ("provider", "shift", "asked", "warned"),
    [
        pytest.param("openvino", 1, 1, True, id="differs"),
        pytest.param("openvino", 0, 1, False, id="answers alike"),
        pytest.param("cpu", 1, 0, False, id="the CPU is not asked"),
    ],
)
def test_a_provider_answers_golden_images_first(tiny_model, caplog, provider, shift, asked, warned):
    classifier = OnProvider(tiny_model, provider, shift)
    warn_of_provider(classifier)
    assert classifier.asked == asked
    said = "tiny.onnx with --provider openvino: the golden images are answered differently: probabilities by up to "
    assert [line.startswith(said) and "3 of 4 labels (allowed 0)" in line for line in caplog.messages] == [
        True
    ] * warned


def test_a_provider_and_a_file_without_golden_images(make_model, caplog):
    classifier = OnProvider(make_model(), "openvino", 1)
    warn_of_provider(classifier)
    assert (classifier.asked, caplog.messages) == (0, [])
