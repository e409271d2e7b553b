"""Files of Keras 2 beside those in tests/export/original/keras2: older ones, put together from these."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from cnnkit.errors import ModelError
from cnnkit.runtime import load_keras_model

FILES = Path(__file__).parents[2] / "export" / "original" / "keras2"


@pytest.fixture(scope="module")
def answers():
    return np.load(FILES / "answers.npz")


def rewritten(tmp_path, name, change):
    """Returns a copy of a file with its structure changed."""
    path = tmp_path / f"{name}.h5"
    shutil.copyfile(FILES / path.name, path)
    with h5py.File(path, "r+") as file:
        structure = json.loads(file.attrs["model_config"])
        change(structure)
        file.attrs["model_config"] = json.dumps(structure)
    return path


def shape_in_the_first_layer(structure):
    """As TensorFlow before 2.2 and Keras 2.2.4 wrote sequences."""
    image, first, *rest = structure["config"]["layers"]
    first["config"]["batch_input_shape"] = image["config"]["batch_input_shape"]
    structure["config"]["layers"] = [first, *rest]


def list_of_layers(structure):
    """As Keras before 2.2.3 wrote them."""
    shape_in_the_first_layer(structure)
    structure["config"] = structure["config"]["layers"]


def typed_initial_weights(structure):
    """As TensorFlow 1 wrote them."""
    for layer in structure["config"]["layers"]:
        for key, value in layer["config"].items():
            if key.endswith("_initializer"):
                value["config"]["dtype"] = "float32"


def groups_everywhere(structure):
    """As TensorFlow 2.3 to 2.10 wrote depthwise convolutions."""
    for layer in structure["config"]["layers"]:
        if layer["class_name"] == "DepthwiseConv2D":
            layer["config"] |= {"groups": 1, "kernel_initializer": None}


@pytest.mark.parametrize("change", [shape_in_the_first_layer, list_of_layers, typed_initial_weights, groups_everywhere])
def test_older_sequences(change, answers, tmp_path):
    model = load_keras_model(rewritten(tmp_path, "sequential", change))
    assert model.input_shape == (None, 12, 12, 3)
    np.testing.assert_allclose(
        model.predict(answers["images"].astype("f"), verbose=0), answers["sequential"], atol=1e-6
    )


def test_the_file_itself_stays_as_it_is(answers, tmp_path):
    path = rewritten(tmp_path, "sequential", list_of_layers)
    before = path.read_bytes()
    load_keras_model(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_half_precision_of_keras_2(answers, tmp_path):
    def change(structure):
        for layer in structure["config"]["layers"][1:]:
            layer["config"]["dtype"] = {"class_name": "Policy", "config": {"name": "mixed_float16"}}

    model = load_keras_model(rewritten(tmp_path, "functional", change))
    assert model.layers[-1].compute_dtype == "float16"
    np.testing.assert_allclose(
        model.predict(answers["images"].astype("f"), verbose=0), answers["functional"], atol=5e-3
    )


def test_a_function_that_is_not_known_to_compute_only(tmp_path):
    def change(structure):
        for layer in structure["config"]["layers"]:
            if layer["class_name"] == "TFOpLambda":
                layer["config"]["function"] = "io.write_file"

    with pytest.raises(ModelError, match=r"it calls tf\.io\.write_file between its layers: .*model\.export\(FOLDER\)"):
        load_keras_model(rewritten(tmp_path, "functions", change))


@pytest.mark.parametrize("structure", ["{", "[]", "7", '{"class_name": "Sequential", "config": 3}', '{"config": {}}'])
def test_no_structure_at_all(structure, tmp_path):
    path = tmp_path / "odd.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = structure
    with pytest.raises(ModelError, match="Keras cannot load it: ") as caught:
        load_keras_model(path)
    assert "\n" not in str(caught.value)
