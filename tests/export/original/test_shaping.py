from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_keras import SIZE, exported, random_images, randomise

from cnnkit.errors import ModelError, UsageError
from cnnkit.export.original.original import load_again
from cnnkit.export.original.shaping import shaped
from cnnkit.foreign import InputFlags
from cnnkit.runtime import load_keras_model
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
    images = random_images()
    try:
        expected = model(images.transpose(0, 3, 1, 2).astype(np.float32))
    except Exception as error:
        if "only supports the NHWC" in str(error):
            pytest.skip("TensorFlow has no kernels for channels first on this CPU")
        raise
    report = exported(path, tmp_path)
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
    network(keras, dense, shape=(None, None, 3)).save(tmp_path / "net.keras")
    with pytest.raises(ModelError, match=r"the Keras model cannot be called with .*2, 2, 3.*Conv2D") as raised:
        exported(tmp_path / "net.keras", tmp_path, flags=InputFlags(size=(2, 2)))
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 500


def test_a_saved_model_of_1_x_1_x_k_is_asked_in_its_own_process(keras, tmp_path, monkeypatch):
    from cnnkit.runtime import guest

    network(keras, ENDS["1 x 1 x K"]).export(str(tmp_path / "net"), verbose=False)
    asked, answer = [], guest.Guest.answer
    monkeypatch.setattr(guest.Guest, "answer", lambda one, tensor: asked.append(len(tensor)) or answer(one, tensor))
    model = shaped(load_keras_model(tmp_path / "net"), None, tmp_path)
    before = len(asked)
    assert model(np.zeros((2, SIZE, SIZE, 3), np.float32)).shape == (2, 3)
    assert asked[before:] == [2]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64"])
def test_an_input_of_other_floats(keras, tmp_path, dtype):
    """What is scaled to 0..1 is not rounded to the few bits of the input, as mixed precision is not kept either."""
    image = keras.Input((SIZE, SIZE, 3), dtype=dtype)
    plain = network(keras, dense)
    keras.Model(image, plain(keras.ops.cast(image, "float32") * 255)).save(tmp_path / "net.keras")
    report = exported(tmp_path / "net.keras", tmp_path, flags=InputFlags(scale=1 / 255))
    images = random_images()
    answers = OnnxClassifier(report.path).probabilities(images)
    np.testing.assert_allclose(answers, plain(images.astype(np.float32)), atol=1e-5)


def test_of_several_outputs_the_one_that_was_exported_is_found_again(keras, tmp_path):
    model = network(keras, lambda k, p: {"first": dense(k, p), "second": dense(k, p), "maps": p})
    path = tmp_path / "net.keras"
    model.save(path)
    images = random_images()
    for name in ("first", "second"):
        spec = exported(path, tmp_path, output_name=name, overwrite=True).spec
        again = load_again(path, spec).probabilities(images)
        np.testing.assert_allclose(again, model(images.astype(np.float32))[name], atol=1e-5)
    with pytest.raises(UsageError, match="has 3 outputs, of which 2 could be that of the model file: export it again"):
        load_again(path, replace(spec, golden=()))


def test_outputs_in_dictionaries_of_dictionaries(keras, tmp_path):
    model = network(keras, lambda k, p: {"heads": {"kind": dense(k, p)}, "others": [dense(k, p)]})
    model.save(tmp_path / "net.keras")
    with pytest.raises(UsageError, match=r"has 2 outputs: say .*: heads/kind \(\?, 3\), others/0 \(\?, 3\)"):
        exported(tmp_path / "net.keras", tmp_path)
    images = random_images()
    report = exported(tmp_path / "net.keras", tmp_path, output_name="heads/kind")
    expected = model(images.astype(np.float32))["heads"]["kind"]
    np.testing.assert_allclose(OnnxClassifier(report.path).probabilities(images), expected, atol=1e-5)
