from __future__ import annotations

import json
import zipfile

import h5py
import numpy as np
import pytest
from small_keras import SIZE, body, exported, keras_answers, random_images

from cnnkit.errors import ModelError, UsageError
from cnnkit.export.original.stored_loss import StoredLoss, stored_loss
from cnnkit.runtime.onnx import OnnxClassifier

UNKNOWN = "ends in linear numbers and .*: say --head logits if a softmax is to follow, --head softmax"


def softmax(values):
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


ACTIVATIONS = {
    "logits": softmax, "probabilities": lambda values: values, "sigmoid-logits": lambda z: 1 / (1 + np.exp(-z)),
}  # fmt: skip


def compiled(keras, path, loss, *behind, head=None):
    model = keras.Sequential([
        keras.Input((SIZE, SIZE, 3)), keras.layers.Rescaling(1 / 255), *body(keras, head=head, pool=False), *behind,
    ])  # fmt: skip
    if loss is not None:
        model.compile(loss=loss)
    model.save(path)
    return path


LOSSES = {
    "sparse, from logits": (lambda k: k.losses.SparseCategoricalCrossentropy(from_logits=True), "logits"),
    "categorical, from logits": (lambda k: k.losses.CategoricalCrossentropy(from_logits=True), "logits"),
    "sparse, from probabilities": (lambda k: k.losses.SparseCategoricalCrossentropy(), UNKNOWN),
    "by name": (lambda _: "sparse_categorical_crossentropy", UNKNOWN),
    "by function": (lambda k: k.losses.categorical_crossentropy, UNKNOWN),
    "binary, from logits": (lambda k: k.losses.BinaryCrossentropy(from_logits=True), "sigmoid-logits"),
    "binary": (lambda _: "binary_crossentropy", UNKNOWN),
    "squares": (lambda _: "mse", "was trained with mean_squared_error"),
    "hinge": (lambda k: k.losses.CategoricalHinge(), UNKNOWN),
    "none": (lambda _: None, "says no loss"),
}


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_in_the_file_tells_what_a_linear_head_gives(keras, tmp_path, name, suffix):
    make, expected = LOSSES[name]
    path = compiled(keras, tmp_path / f"net{suffix}", make(keras))
    if expected in ACTIVATIONS:
        answers = OnnxClassifier(exported(path, tmp_path).path).probabilities(random_images())
        given = keras_answers(keras, path, random_images())
        np.testing.assert_allclose(answers, ACTIVATIONS[expected](given), atol=1e-5)
        return
    with pytest.raises((UsageError, ModelError), match=expected):
        exported(path, tmp_path)


@pytest.mark.parametrize(
    ("head", "said", "expected"),
    [
        (None, "logits", "logits"),
        (None, "sigmoid-logits", "sigmoid-logits"),
        (None, "softmax", "numbers that do not sum to 1, expected others with --head softmax"),
        (None, "sigmoid", "expected 0 to 1 of sigmoids: say --head sigmoid-logits if a sigmoid is to follow"),
        ("sigmoid", None, "probabilities"),
        ("sigmoid", "sigmoid", "probabilities"),
        ("sigmoid", "logits", "ends in Sigmoid, which gives a probability a label: leave out --head logits"),
        ("softmax", "sigmoid", "ends in Softmax, whose classes exclude one another: leave out --head sigmoid"),
        ("softmax", "logits", "ends in Softmax, which gives probabilities: leave out --head logits"),
        ("softmax", "softmax", "probabilities"),
        ("log_softmax", None, "logits"),
        ("relu", None, "made by Relu: say --head softmax if they are probabilities, --head logits"),
        ("relu", "logits", "logits"),
    ],
)
def test_what_is_said_of_the_head(keras, tmp_path, head, said, expected):
    path = compiled(keras, tmp_path / "net.keras", None, head=head)
    if expected not in ACTIVATIONS:
        with pytest.raises((UsageError, ModelError), match=expected):
            exported(path, tmp_path, head=said)
        return
    answers = OnnxClassifier(exported(path, tmp_path, head=said).path).probabilities(random_images())
    np.testing.assert_allclose(answers, ACTIVATIONS[expected](keras_answers(keras, path, random_images())), atol=1e-5)


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        (lambda layers: [layers.Softmax()], None),
        (lambda layers: [layers.Softmax(), layers.Dropout(0.5), layers.Reshape((3,))], None),
        (lambda layers: [layers.Activation("softmax"), layers.Activation("linear")], None),
        (lambda layers: [layers.Softmax(), layers.Rescaling(100.0)], "ends in Softmax and gives percent"),
        (lambda layers: [layers.Softmax(), layers.Rescaling(0.5)], "Softmax and gives numbers that do not sum to 1"),
        (lambda layers: [layers.Activation("sigmoid"), layers.Reshape((3,))], None),
    ],
    ids=["Softmax", "moved", "linear behind", "percent", "halved", "sigmoid"],
)
def test_layers_behind_the_head(keras, tmp_path, behind, expected):
    path = compiled(keras, tmp_path / "net.keras", None, *behind(keras.layers))
    if expected is None:
        answers = OnnxClassifier(exported(path, tmp_path).path).probabilities(random_images())
        np.testing.assert_allclose(answers, keras_answers(keras, path, random_images()), atol=1e-5)
        return
    with pytest.raises(ModelError, match=expected):
        exported(path, tmp_path)


@pytest.mark.parametrize(("size", "weight"), [(2, 0.0), (3, 1e6)], ids=["sum to 1", "saturate"])
def test_sigmoids_that_look_like_probabilities(keras, tmp_path, size, weight):
    image = keras.Input((SIZE, SIZE, 3))
    scaled = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(image))
    model = keras.Model(image, keras.layers.Dense(size, activation="sigmoid")(scaled))
    bias = np.array([1.0, -1.0, -1.0])[:size] * weight
    model.layers[-1].set_weights([np.zeros((3, size)), bias])
    model.save(tmp_path / "net.keras")
    assert keras_answers(keras, tmp_path / "net.keras", random_images()).sum(axis=1) == pytest.approx(np.ones(8))
    assert exported(tmp_path / "net.keras", tmp_path, labels=",".join("abc"[:size])).spec.output == "independent"


@pytest.mark.parametrize(
    "head", ["softmax", *(pytest.param(head, marks=pytest.mark.slow) for head in ("sigmoid", None))]
)
def test_a_saved_model_is_read_by_its_graph(keras, tmp_path, head):
    from cnnkit.foreign import InputFlags

    path = compiled(keras, tmp_path / "net.keras", None, head=head)
    keras.models.load_model(path).export(tmp_path / "folder", verbose=False)
    flags = InputFlags(scale=1.0)
    if head is not None:
        report = exported(tmp_path / "folder", tmp_path, flags=flags)
        assert report.parity.max_probability_difference < 1e-5
        assert report.spec.output == ("probabilities" if head == "softmax" else "independent")
        return
    with pytest.raises(UsageError, match=UNKNOWN):
        exported(tmp_path / "folder", tmp_path, flags=flags)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"main": "mse"}, StoredLoss("mean_squared_error")),
        (["categorical_crossentropy"], StoredLoss("categorical_crossentropy")),
        (["mse", "mae"], None),
        ({"class_name": "Custom>OwnLoss", "config": {"from_logits": True}}, StoredLoss("own_loss", from_logits=True)),
        ({"class_name": "CategoricalCrossentropy", "config": {"from_logits": "yes"}},
         StoredLoss("categorical_crossentropy")),
        (None, None),
        (7, None),
    ],
)  # fmt: skip
def test_how_losses_are_written(tmp_path, said, expected):
    import zipfile

    with zipfile.ZipFile(tmp_path / "net.keras", "w") as file:
        file.writestr("config.json", json.dumps({"compile_config": {"loss": said}}))
    assert stored_loss(tmp_path / "net.keras") == expected


@pytest.mark.parametrize("config", ["{bad", "[" * 100_000, "[1]", "3", ""])
def test_a_loss_that_cannot_be_read_is_none(tmp_path, config):
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file.attrs["training_config"] = config[:60_000]
    assert stored_loss(tmp_path / "net.h5") is None
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as file:
        file.writestr("config.json", config)
    assert stored_loss(tmp_path / "net.keras") is None


@pytest.mark.parametrize(("place", "head"), [(0, "logits"), (1, None)])
def test_the_second_output_of_a_model_within_is_told_by_its_own_layer(keras, tmp_path, place, head):
    layers = keras.layers
    image = keras.Input((SIZE, SIZE, 3))
    logits = layers.Dense(3)(layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3)(layers.Rescaling(1 / 255)(image))))
    inner = keras.Model(image, [logits, layers.Softmax()(logits)])
    outside = keras.Input((SIZE, SIZE, 3))
    path = tmp_path / "net.keras"
    keras.Model(outside, inner(outside)[place]).save(path)
    answers = OnnxClassifier(exported(path, tmp_path, head=head).path).probabilities(random_images())
    given = keras_answers(keras, path, random_images())
    np.testing.assert_allclose(answers, given if place else softmax(given), atol=1e-5)
