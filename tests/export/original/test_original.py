from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from small_keras import SIZE, body, exported, random_images, randomise

import cnnkit
from cnnkit.errors import ModelError, UsageError
from cnnkit.export import ExportOptions, default_output, export_model
from cnnkit.foreign import InputFlags
from cnnkit.runtime.onnx import OnnxClassifier

KERAS2 = Path(__file__).parent / "keras2"
AS_IT_IS = InputFlags(scale=1.0)


def answers_of(report, images):
    return OnnxClassifier(report.path).probabilities(images)


@pytest.mark.parametrize("name", ["sequential", "functional", "nested", "functions"])
def test_files_of_keras_2(name, tmp_path):
    answers = np.load(KERAS2 / "answers.npz")
    report = exported(KERAS2 / f"{name}.h5", tmp_path)
    np.testing.assert_allclose(answers_of(report, answers["images"]), answers[name], atol=1e-5)


def test_a_saved_model(keras, networks, tmp_path):
    path = networks("saved.keras", keras.layers.Rescaling(1 / 255), *body(keras))
    model = keras.models.load_model(path)
    model.export(tmp_path / "folder", verbose=False)
    report = exported(tmp_path / "folder", tmp_path, flags=AS_IT_IS)
    images = random_images()
    np.testing.assert_allclose(answers_of(report, images), model.predict(images.astype("f"), verbose=0), atol=1e-5)
    assert len(report.spec.provenance.keras_sha256) == 64


def test_a_subclassed_model_as_saved_model(keras, tmp_path):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.sequence = keras.Sequential([*body(keras)])

        def call(self, image):
            return self.sequence(image / 255.0)

    model = Net()
    model(np.zeros((1, SIZE, SIZE, 3), np.float32))
    randomise(model)
    model.export(tmp_path / "folder", verbose=False)
    report = exported(tmp_path / "folder", tmp_path, flags=AS_IT_IS)
    images = random_images()
    np.testing.assert_allclose(answers_of(report, images), model(images.astype("f")), atol=1e-5)


def test_a_saved_model_does_not_show_its_scaling(keras, networks, tmp_path):
    keras.models.load_model(networks("unscaled.keras", *body(keras))).export(tmp_path / "folder", verbose=False)
    with pytest.raises(UsageError, match="say --scale"):
        exported(tmp_path / "folder", tmp_path)


def test_a_saved_model_that_writes_files_is_not_loaded(tmp_path):
    import tensorflow as tf

    written = tmp_path / "written"

    class Spy(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32)])
        def __call__(self, image):
            tf.io.write_file(str(written), "x")
            return tf.nn.softmax(tf.reduce_mean(image, (1, 2)))

    spy = Spy()
    tf.saved_model.save(spy, str(tmp_path / "folder"), signatures={"serving_default": spy.__call__})
    with pytest.raises(ModelError, match="its graph holds WriteFile, which no classifier needs"):
        exported(tmp_path / "folder", tmp_path, flags=AS_IT_IS)
    assert not written.exists()


def test_a_saved_model_with_augmentation_answers_as_in_inference(keras, tmp_path, caplog):
    """Keras exports it as in training: without that, no two answers to an image would be the same."""
    layer, seen = keras.layers, keras.Input((SIZE, SIZE, 3))
    flips = keras.Sequential([layer.RandomFlip(name="mine"), layer.RandomRotation(0.2)], name="flips")
    pixels = layer.RandomContrast(0.4)(layer.RandomZoom((-0.3, -0.1))(flips(seen)))
    hidden = layer.Rescaling(1 / 255)(pixels)
    for one in body(keras):
        hidden = one(hidden)
    model = keras.Model(seen, hidden)
    randomise(model)
    model.export(tmp_path / "folder", verbose=False)
    report = exported(tmp_path / "folder", tmp_path, flags=AS_IT_IS)
    images = random_images()
    np.testing.assert_allclose(answers_of(report, images), model.predict(images.astype("f"), verbose=0), atol=1e-5)
    lines = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert re.search(r"as in training, with mine\w*, random_.* and \d more layers switched on", "\n".join(lines)), lines


def test_a_saved_model_that_cuts_at_random_is_refused(keras, tmp_path):
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), keras.layers.RandomCrop(8, 8), *body(keras)])
    model.export(tmp_path / "folder", verbose=False)
    with pytest.raises(ModelError, match=r"model changes variables while it answers, .*: save it as a \.keras"):
        exported(tmp_path / "folder", tmp_path, flags=AS_IT_IS)


def test_a_damaged_saved_model(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "saved_model.pb").write_bytes(b"\xff" * 40)
    with pytest.raises(ModelError, match=r"saved_model\.pb is damaged"):
        exported(tmp_path / "folder", tmp_path, flags=AS_IT_IS)


@pytest.mark.parametrize(
    ("name", "scaling"),
    [
        ("MobileNetV3Small", (1.0, (0.0,) * 3, "rgb")),
        ("MobileNetV2", (1 / 127.5, (1.0,) * 3, "rgb")),
        ("ResNet50", (1.0, (103.939, 116.779, 123.68), "bgr")),
        ("DenseNet121", (1 / 255, (0.485, 0.456, 0.406), "rgb")),
    ],
)
def test_how_networks_of_keras_applications_take_pixels(keras, name, scaling):
    from cnnkit.runtime.keras_apps import app_input

    class Model:
        input_shape = (None, 224, 224, 3)

    taken = app_input(Path(f"keras-app:{name}"), Model, keras, None)
    assert (taken.scale, taken.mean, taken.color) == scaling


def test_the_convention_of_each_network_is_what_keras_does(keras):
    from cnnkit.images.preprocess import prepare_batch
    from cnnkit.runtime.keras_apps import app_input

    class Model:
        input_shape = (None, SIZE, SIZE, 3)

    images = random_images()
    for module, name in {"mobilenet_v2": "MobileNetV2", "resnet": "ResNet101", "densenet": "DenseNet169"}.items():
        taken = app_input(Path(f"keras-app:{name}"), Model, keras, None)
        wanted = getattr(keras.applications, module).preprocess_input(images.astype(np.float32))
        pixels = images[..., ::-1] if taken.color == "bgr" else images
        np.testing.assert_allclose(prepare_batch(pixels, taken), wanted, atol=2e-5)


@pytest.mark.slow
def test_an_imagenet_classifier_of_the_package_index(keras, tmp_path):
    from skimage import data

    report = export_model(ExportOptions(Path("efficientnet_lite0"), tmp_path / "imagenet.onnx"))
    spec = report.spec
    assert (spec.input.height, spec.input.width, spec.input.dtype, spec.input.resize) == (224, 224, "uint8", "crop")
    assert (spec.provenance.architecture, len(spec.labels)) == ("efficientnet_lite0", 1000)
    assert report.parity.max_probability_difference < 1e-4
    for photo, label in ((data.cat(), "Egyptian cat"), (data.coffee(), "espresso")):
        assert cnnkit.load(report.path).predict(photo).label == label


def test_a_network_of_keras_applications(keras, tmp_path):
    report = export_model(
        ExportOptions(Path("keras-app:MobileNetV3Small:random"), tmp_path / "v3.onnx", input=InputFlags(size=(32, 64)))
    )
    assert (report.spec.input.height, report.spec.input.width) == (32, 64)
    assert report.spec.labels[:2] == ("class_0", "class_1")
    assert report.spec.provenance.architecture == "keras-app:MobileNetV3Small:random"


@pytest.mark.parametrize(
    ("name", "flags", "error", "message"),
    [
        ("NoSuchNet", InputFlags(), ModelError, "keras.applications holds no 'NoSuchNet', expected one of ConvNeXt"),
        ("MobileNetV2:mine", InputFlags(), ModelError, "'mine' names no weights, expected keras-app:NAME"),
        ("MobileNetV2:random", InputFlags(size=(9, 9)), UsageError, "--size does not fit .*, which takes 224x224"),
        ("MobileNetV2:random", InputFlags(scale=2.0), UsageError, "takes its pixels is known: leave out --scale"),
    ],
)
def test_networks_that_cannot_be(keras, tmp_path, name, flags, error, message):
    with pytest.raises(error, match=message):
        export_model(ExportOptions(Path(f"keras-app:{name}"), tmp_path / "x.onnx", input=flags))


def test_where_an_export_is_written(tmp_path):
    saved = tmp_path / "net"
    saved.mkdir()
    assert default_output(saved) == saved / "model.onnx"
    (saved / "saved_model.pb").touch()
    assert default_output(saved) == tmp_path / "net.onnx"
    assert default_output(Path("a/b.keras")) == Path("a/b.onnx")
    assert default_output(Path("keras-app:ResNet50")) == Path("ResNet50.onnx")
    assert default_output(Path("efficientnet_lite1")) == Path("efficientnet_lite1.onnx")
