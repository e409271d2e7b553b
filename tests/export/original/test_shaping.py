from __future__ import annotations

import numpy as np
import pytest
from small_keras import SIZE, exported, random_images, randomise

from cnnkit.errors import ModelError, UsageError
from cnnkit.export.original.original import load_again
from cnnkit.export.original.shaping import shaped
from cnnkit.runtime.onnx import OnnxClassifier


def network(keras, end, *, shape=(SIZE, SIZE, 3), order="channels_last"):
    image = keras.Input(shape, name="image")
    maps = keras.layers.Conv2D(4, 3, data_format=order)(keras.layers.Rescaling(1 / 255)(image))
    pooled = keras.layers.GlobalAveragePooling2D(data_format=order, keepdims=True)(maps)
    model = keras.Model(image, end(keras.layers, pooled))
    randomise(model)
    return model


def dense(layers, pooled, **options):
    return layers.Dense(3, activation="softmax", **options)(layers.Flatten()(pooled))


ENDS = {
    "a dictionary": lambda k, p: {"classes": dense(k, p)},
    "a list": lambda k, p: [dense(k, p)],
    "1 x 1 x K": lambda k, p: k.Softmax()(k.Conv2D(3, 1)(p)),
    "1 x K": lambda k, p: k.Reshape((1, 3))(dense(k, p)),
    "a dictionary of 1 x 1 x K": lambda k, p: {"classes": k.Softmax()(k.Conv2D(3, 1)(p))},
}


def answer(model, tensor):
    given = model(tensor, training=False)
    return np.asarray(next(iter(given.values())) if isinstance(given, dict) else given).reshape(len(tensor), -1)


@pytest.mark.parametrize("name", ENDS)
def test_one_output_of_any_shape(keras, tmp_path, name):
    model = network(keras, ENDS[name])
    path = tmp_path / "net.keras"
    model.save(path)
    report = exported(path, tmp_path)
    images = random_images()
    answers = OnnxClassifier(report.path).probabilities(images)
    np.testing.assert_allclose(answers, answer(model, images.astype(np.float32)), atol=1e-5)
    again = load_again(path, report.spec)
    np.testing.assert_allclose(again.probabilities(images), answers, atol=1e-5)


def test_one_of_several_outputs_is_named(keras, tmp_path):
    model = network(keras, lambda k, p: {"first": dense(k, p), "second": dense(k, p), "maps": p})
    path = tmp_path / "net.keras"
    model.save(path)
    listed = r"first \(\?, 3\), second \(\?, 3\), maps \(\?, 1, 1, 4\)"
    with pytest.raises(UsageError, match=f"has 3 outputs: say which with --output-name: {listed}"):
        exported(path, tmp_path)
    with pytest.raises(UsageError, match=f"has no output 'third': say which with --output-name: {listed}"):
        exported(path, tmp_path, output_name="third")
    images = random_images()
    answers = OnnxClassifier(exported(path, tmp_path, output_name="second").path).probabilities(images)
    np.testing.assert_allclose(answers, model(images.astype(np.float32))["second"], atol=1e-5)


def test_channels_first(keras, tmp_path):
    model = network(keras, dense, shape=(3, SIZE, SIZE), order="channels_first")
    path = tmp_path / "net.keras"
    model.save(path)
    report = exported(path, tmp_path)
    images = random_images()
    expected = model(images.transpose(0, 3, 1, 2).astype(np.float32))
    np.testing.assert_allclose(OnnxClassifier(report.path).probabilities(images), expected, atol=1e-5)
    assert (report.spec.input.layout, report.spec.provenance.original_input.layout) == ("nhwc", "nchw")
    np.testing.assert_allclose(load_again(path, report.spec).probabilities(images), expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(SIZE, SIZE, 4), (4, SIZE, SIZE)])
def test_four_channels(keras, tmp_path, shape):
    network(keras, dense, shape=shape, order="channels_last" if shape[2] == 4 else "channels_first").save(
        tmp_path / "net.keras"
    )
    with pytest.raises(ModelError, match=r"takes images of 4 channels, expected 3 \(colour\) or 1 \(gray\)"):
        exported(tmp_path / "net.keras", tmp_path)


def test_an_input_in_a_dictionary(keras, tmp_path):
    plain = network(keras, dense)
    keras.Model({"image": plain.input}, plain.output).save(tmp_path / "net.keras")
    images = random_images()
    answers = OnnxClassifier(exported(tmp_path / "net.keras", tmp_path).path).probabilities(images)
    np.testing.assert_allclose(answers, plain(images.astype(np.float32)), atol=1e-5)


def test_what_fits_is_left_as_it_is(keras, tmp_path):
    model = network(keras, dense)
    assert shaped(model, None, tmp_path) is model


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda weights: [weight * np.nan for weight in weights], "answers with what is no number"),
        (lambda weights: [weights[0] * np.inf, *weights[1:]], "answers with what is no number"),
    ],
    ids=["nan", "inf"],
)
def test_a_network_without_numbers(keras, tmp_path, spoil, message):
    model = network(keras, dense)
    model.set_weights(spoil(model.get_weights()))
    model.save(tmp_path / "net.keras")
    with pytest.raises(ModelError, match=message):
        exported(tmp_path / "net.keras", tmp_path)


def test_a_size_that_cannot_be_is_one_line(keras, tmp_path):
    from cnnkit.foreign import InputFlags

    network(keras, dense, shape=(None, None, 3)).save(tmp_path / "net.keras")
    with pytest.raises(ModelError, match=r"the Keras model cannot be called with .*2, 2, 3.*Conv2D") as raised:
        exported(tmp_path / "net.keras", tmp_path, flags=InputFlags(size=(2, 2)))
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 500
