from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tiny_keras import KERAS_SPEC, save_tiny_keras
from tiny_models import solid, tiny_answer

from cnnkit.errors import ModelError, SpecError
from cnnkit.runtime.keras import KerasClassifier
from cnnkit.runtime.onnx import OnnxClassifier
from cnnkit.runtime.opening import open_classifier
from cnnkit.runtime.run_folder import read_run_spec
from cnnkit.spec import Provenance, write_spec


@pytest.fixture
def run(tmp_path):
    """A run folder with the tiny Keras model."""
    (tmp_path / "run").mkdir()
    save_tiny_keras(tmp_path / "run" / "model.keras")
    (tmp_path / "run" / "spec.json").write_text(write_spec(KERAS_SPEC))
    return tmp_path / "run"


def test_every_kind_of_model_answers_alike(run, tiny_model):
    images = np.stack([solid("red"), solid("white")])
    opened = [open_classifier(source) for source in (tiny_model, run, run / "model.keras")]
    assert [type(classifier) for classifier in opened] == [OnnxClassifier, KerasClassifier, KerasClassifier]
    for classifier in opened:
        np.testing.assert_allclose(classifier.probabilities(images), tiny_answer(images), atol=1e-6)


def test_a_spec_for_another_file_is_not_taken(run, caplog):
    spec = replace(KERAS_SPEC, provenance=Provenance("1.0", keras_sha256="0" * 64))
    (run / "spec.json").write_text(write_spec(spec))
    assert read_run_spec(run / "model.keras") is None
    for text, said in (("{", "is no JSON"), ('{"spec_version": 9}', "is version 9")):
        (run / "spec.json").write_text(text)
        with pytest.raises(SpecError, match=rf"spec\.json: the model spec {said}"):
            read_run_spec(run / "model.keras")
    (run / "spec.json").write_text(write_spec(spec))
    assert "was written for another file than model.keras" in caplog.text
    with pytest.raises(SpecError, match=r"has no spec\.json of its own beside it"):
        open_classifier(run)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        pytest.param("none.onnx", ModelError, "there is no model file", id="no ONNX"),
        pytest.param("none.keras", ModelError, "no such file, expected .onnx, a run folder, or a Keras", id="no Keras"),
        pytest.param("empty", ModelError, "holds no model.keras", id="folder"),
        pytest.param("photo.jpg", ModelError, "not a model by its name", id="image"),
        pytest.param("foreign.h5", SpecError, "has no spec.json of its own beside it", id="no spec"),
    ],
)
def test_what_is_no_model(tmp_path, name, error, message):
    (tmp_path / "empty").mkdir()
    for file in ("photo.jpg", "foreign.h5"):
        (tmp_path / file).write_bytes(b"anything")
    with pytest.raises(error, match=message):
        open_classifier(tmp_path / name)
