from __future__ import annotations

import logging
import os
from dataclasses import replace

import numpy as np
import pytest
from tiny_keras import KERAS_SPEC, save_tiny_keras
from tiny_models import solid, tiny_answer

import cnnkit.system.extras
from cnnkit.errors import MissingExtraError, ModelError
from cnnkit.runtime.keras import KerasClassifier, import_keras, load_keras_model, silent_stderr
from cnnkit.spec import InputSpec, ModelSpec
from cnnkit.system.messages import log


@pytest.fixture(scope="module")
def tiny_keras(tmp_path_factory):
    return save_tiny_keras(tmp_path_factory.mktemp("keras") / "tiny.keras")


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)


def test_probabilities(tiny_keras, images):
    answers = KerasClassifier(tiny_keras, KERAS_SPEC).probabilities(images)
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers, tiny_answer(images), atol=1e-6)


def test_both_ways_of_calling_agree_whatever_the_batch(tiny_keras, images):
    classifier = KerasClassifier(tiny_keras, KERAS_SPEC)
    for count in (1, 5):
        tensor = classifier.input_tensor(images[:count])
        np.testing.assert_allclose(classifier.predict_call(tensor), classifier.function_call(tensor), atol=1e-6)


def test_logits_become_probabilities(tmp_path, images):
    path = save_tiny_keras(tmp_path / "logits.keras", softmax=False)
    classifier = KerasClassifier(path, replace(KERAS_SPEC, output="logits"))
    np.testing.assert_allclose(classifier.probabilities(images), tiny_answer(images), atol=1e-6)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Keras calls .h5 a legacy format
def test_h5_file(tmp_path):
    classifier = KerasClassifier(save_tiny_keras(tmp_path / "tiny.h5"), KERAS_SPEC)
    assert classifier.probabilities(solid("green")[None]).argmax() == 1


def test_a_loaded_model_is_not_loaded_again(tiny_keras, tmp_path):
    model = load_keras_model(tiny_keras)
    classifier = KerasClassifier(tmp_path / "gone.keras", KERAS_SPEC, model=model)
    assert classifier.model is model


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            ModelSpec(("a", "b"), KERAS_SPEC.input), "gives output (3,) for an image, expected 2 classes", id="labels"
        ),
        pytest.param(
            replace(KERAS_SPEC, input=InputSpec(16, 8, 3, dtype="float32")),
            "takes input (8, 8, 3), expected (16, 8, 3) (nhwc)",
            id="size",
        ),
        pytest.param(
            replace(KERAS_SPEC, input=replace(KERAS_SPEC.input, layout="nchw")),
            "takes input (8, 8, 3), expected (3, 8, 8) (nchw)",
            id="layout",
        ),
    ],
)
def test_file_against_spec(tiny_keras, spec, message):
    with pytest.raises(ModelError) as caught:
        KerasClassifier(tiny_keras, spec)
    assert message in str(caught.value)


def test_two_inputs(tmp_path):
    keras = import_keras("a test")
    inputs = [keras.Input((8, 8, 3)), keras.Input((8, 8, 3))]
    path = tmp_path / "two.keras"
    keras.Model(inputs, keras.layers.add(inputs)).save(path)
    with pytest.raises(ModelError, match="2 inputs and 1 outputs, expected an image classifier with one of each"):
        KerasClassifier(path, KERAS_SPEC)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("none.keras", None, "no such file, expected a Keras model (.keras, .h5, .hdf5)", id="missing"),
        pytest.param("model.onnx", b"x", "not a Keras file by its name", id="other suffix"),
        pytest.param("empty.keras", b"", "no .keras file by its content", id="empty"),
        pytest.param("text.h5", b"hello", "no .h5 file by its content", id="no HDF5"),
        pytest.param(
            "old.keras", b"\x89HDF\r\n\x1a\n\0", "no .keras file by its content but one of the other", id="HDF5"
        ),
        pytest.param(
            "new.h5", b"PK\5\6" + bytes(18), "no .h5 file by its content but one of Keras 3: name it", id="a zip"
        ),
        pytest.param("cut.h5", b"\x89HDF\r\n\x1a\n\0", "Keras cannot load it: ", id="damaged HDF5"),
    ],
)
def test_no_keras_file(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        load_keras_model(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: {message}")
    assert "\n" not in text


def test_code_in_a_file_is_not_run(tmp_path):
    keras = import_keras("a test")
    path = tmp_path / "lambda.keras"
    keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Lambda(lambda pixels: pixels * 2)]).save(path)
    with pytest.raises(ModelError, match="it holds a Lambda layer, and code from a file is not run"):
        load_keras_model(path)


def test_missing_keras_names_the_extra(tiny_keras, monkeypatch):
    monkeypatch.setattr(cnnkit.system.extras, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"needs keras, .*pip install 'cnnkit\[train\]'"):
        load_keras_model(tiny_keras)


def test_noise_of_libraries_is_held_back(capfd):
    with silent_stderr():
        os.write(2, b"oneDNN custom operations are on\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_noise_is_shown_where_the_import_fails(capfd):
    with pytest.raises(ImportError), silent_stderr():
        os.write(2, b"libcudart is missing\n")
        raise ImportError
    assert capfd.readouterr().err == "libcudart is missing\n"


def test_noise_is_shown_to_those_who_ask_for_more(capfd):
    log.setLevel(logging.DEBUG)
    with silent_stderr():
        os.write(2, b"details\n")
    assert capfd.readouterr().err == "details\n"
