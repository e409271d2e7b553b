from __future__ import annotations

import json

import numpy as np
import pytest
from small_keras import SIZE, body, exported, keras_answers, random_images

from cnnkit.errors import ModelError, UsageError
from cnnkit.export.original.stored_loss import StoredLoss, stored_loss
from cnnkit.runtime.onnx import OnnxClassifier

UNKNOWN = "ends in linear numbers and .*: say --head logits if a softmax is to follow, --head softmax"
SIGMOIDS = "independent sigmoids, whose numbers need not sum to 1, expected softmax or logits"


def softmax(values):
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


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
    "binary, from logits": (lambda k: k.losses.BinaryCrossentropy(from_logits=True), SIGMOIDS),
    "binary": (lambda _: "binary_crossentropy", SIGMOIDS),
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
    if expected == "logits":
        answers = OnnxClassifier(exported(path, tmp_path).path).probabilities(random_images())
        np.testing.assert_allclose(answers, softmax(keras_answers(keras, path, random_images())), atol=1e-5)
        return
    with pytest.raises((UsageError, ModelError), match=expected):
        exported(path, tmp_path)


@pytest.mark.parametrize(
    ("head", "said", "expected"),
    [
        (None, "logits", None),
        (None, "softmax", "numbers that do not sum to 1, expected others with --head softmax"),
        (None, "sigmoid", SIGMOIDS),
        ("sigmoid", None, SIGMOIDS),
        ("sigmoid", "logits", SIGMOIDS),
        ("softmax", "logits", "ends in Softmax, which gives probabilities: leave out --head logits"),
        ("softmax", "softmax", None),
        ("log_softmax", None, None),
        ("relu", None, "made by Relu: say --head softmax if they are probabilities, or --head logits"),
        ("relu", "logits", None),
    ],
)
def test_what_is_said_of_the_head(keras, tmp_path, head, said, expected):
    path = compiled(keras, tmp_path / "net.keras", None, head=head)
    if expected is not None:
        with pytest.raises((UsageError, ModelError), match=expected):
            exported(path, tmp_path, head=said)
        return
    answers = OnnxClassifier(exported(path, tmp_path, head=said).path).probabilities(random_images())
    given = keras_answers(keras, path, random_images())
    np.testing.assert_allclose(answers, given if head == "softmax" else softmax(given), atol=1e-5)


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        (lambda layers: [layers.Softmax()], None),
        (lambda layers: [layers.Softmax(), layers.Dropout(0.5), layers.Reshape((3,))], None),
        (lambda layers: [layers.Activation("softmax"), layers.Activation("linear")], None),
        (lambda layers: [layers.Softmax(), layers.Rescaling(100.0)], "ends in Softmax and gives percent"),
        (lambda layers: [layers.Softmax(), layers.Rescaling(0.5)], "Softmax and gives numbers that do not sum to 1"),
        (lambda layers: [layers.Activation("sigmoid"), layers.Reshape((3,))], SIGMOIDS),
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
    with pytest.raises(ModelError, match=SIGMOIDS):
        exported(tmp_path / "net.keras", tmp_path, labels=",".join("abc"[:size]))


@pytest.mark.parametrize(
    "head", ["softmax", *(pytest.param(head, marks=pytest.mark.slow) for head in ("sigmoid", None))]
)
def test_a_saved_model_is_read_by_its_graph(keras, tmp_path, head):
    from cnnkit.foreign import InputFlags

    path = compiled(keras, tmp_path / "net.keras", None, head=head)
    keras.models.load_model(path).export(tmp_path / "folder", verbose=False)
    flags = InputFlags(scale=1.0)
    if head == "softmax":
        assert exported(tmp_path / "folder", tmp_path, flags=flags).parity.max_probability_difference < 1e-5
        return
    expected = SIGMOIDS if head else UNKNOWN
    with pytest.raises((ModelError, UsageError), match=expected):
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
