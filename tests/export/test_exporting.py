from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from small_keras import SIZE, body, exported, keras_answers, random_images, randomise

from cnnkit.classifier import softmax
from cnnkit.errors import UsageError
from cnnkit.foreign import InputFlags
from cnnkit.runtime.golden import check_golden
from cnnkit.runtime.onnx import OnnxClassifier, read_spec_of
from cnnkit.spec import InputSpec
from cnnkit.system.files import sha256


def raw_answers(path, tensor):
    """What the file answers, without any of cnnkit around it."""
    import onnxruntime

    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"image": tensor})[0]


# Name of the file, layers before the body, keyword arguments of the body, channels.
NETWORKS = {
    "rescaling": ("a.keras", lambda k: [k.layers.Rescaling(1 / 64, offset=-121 / 64)], {}, 3),
    "flatten": ("b.keras", lambda k: [k.layers.Rescaling(1 / 255)], {"pool": False}, 3),
    "gray": ("c.keras", lambda k: [k.layers.Rescaling(1 / 255)], {}, 1),
    "logits": ("d.keras", lambda k: [k.layers.Rescaling(1 / 255)], {"head": None}, 3),
    "normalization": (
        "e.keras", lambda k: [k.layers.Normalization(mean=[100.0, 120.0, 90.0], variance=[900.0, 800.0, 999.0])], {}, 3,
    ),
    "augmentation": ("f.keras", lambda k: [k.layers.RandomFlip(), k.layers.Rescaling(1 / 255)], {}, 3),
    "resized and cropped inside": (
        "i.keras",
        lambda k: [k.layers.Rescaling(1 / 255), k.layers.Resizing(18, 16), k.layers.CenterCrop(10, 12)], {}, 3,
    ),
    "grouped convolution": (
        "j.keras", lambda k: [k.layers.Rescaling(1 / 255), k.layers.Conv2D(6, 3, groups=3, strides=2)], {}, 3,
    ),
    "exact gelu": (
        "k.keras", lambda k: [k.layers.Rescaling(1 / 64, -2), k.layers.Conv2D(4, 3, activation="gelu")], {}, 3,
    ),
    "depthwise": (
        "l.keras", lambda k: [k.layers.Rescaling(1 / 64, -2), k.layers.DepthwiseConv2D(3, depth_multiplier=2)], {}, 3,
    ),
    "h5": ("g.h5", lambda k: [k.layers.Rescaling(1 / 255)], {}, 3),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("name", NETWORKS)
def test_answers_of_keras(name, keras, networks, tmp_path):
    file, first, options, channels = NETWORKS[name]
    path = networks(file, *first(keras), *body(keras, **options), channels=channels)
    report = exported(path, tmp_path, head="logits" if name == "logits" else None)
    images = random_images(channels=channels)
    expected = keras_answers(keras, path, images)
    expected = softmax(expected) if name == "logits" else expected
    assert np.ptp(expected, axis=0).max() > 1e-3  # else anything would agree
    np.testing.assert_allclose(raw_answers(report.path, images), expected, atol=1e-5)
    assert report.parity.max_probability_difference < 1e-5
    assert report.parity.images == 80


def test_the_file_is_what_the_design_says(keras, networks, tmp_path):
    import onnx

    path = networks("a.keras", keras.layers.Rescaling(1 / 64, offset=-121 / 64), *body(keras))
    report = exported(path, tmp_path)
    model = onnx.load(report.path)
    onnx.checker.check_model(model, full_check=True)
    (image,), (output,) = model.graph.input, model.graph.output
    shapes = [[dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim] for value in (image, output)]
    assert (image.name, image.type.tensor_type.elem_type) == ("image", onnx.TensorProto.UINT8)
    assert (output.name, output.type.tensor_type.elem_type) == ("probabilities", onnx.TensorProto.FLOAT)
    assert shapes == [["batch", SIZE, SIZE, 3], ["batch", 3]]
    assert (model.ir_version, [(item.domain, item.version) for item in model.opset_import]) == (8, [("", 17)])
    operators = [node.op_type for node in model.graph.node]
    assert operators[:5] == ["Cast", "Mul", "Add", "Transpose", "Conv"]
    assert "BatchNormalization" not in operators
    assert len(operators) == 11


def test_flatten_costs_one_reshape(keras, networks, tmp_path):
    import onnx

    path = networks("b.keras", keras.layers.Rescaling(1 / 255), *body(keras, pool=False))
    operators = [node.op_type for node in onnx.load(exported(path, tmp_path).path).graph.node]
    assert operators.count("Reshape") == 1
    assert not {"Shape", "Gather", "Slice", "Concat"} & set(operators)


def test_the_spec_of_a_file_from_elsewhere(keras, networks, tmp_path):
    path = networks("a.keras", keras.layers.Rescaling(1 / 64, offset=-121 / 64), *body(keras))
    spec = read_spec_of(exported(path, tmp_path, flags=InputFlags(resize="crop")).path)
    assert spec.labels == ("ant", "bee", "cat")
    assert spec.input == InputSpec(SIZE, SIZE, 3, resize="crop")
    assert (spec.output, spec.tolerance.max_probability_difference, spec.quantization) == ("probabilities", 1e-4, None)
    parameters = (27 * 4 + 4) + 4 * 4 + (4 * 3 + 3)
    multiply_adds = SIZE * SIZE * 4 * 27 + 4 * 3
    assert dataclasses.astuple(spec.graph) == (parameters, multiply_adds, 17, 8)
    assert spec.provenance.keras_sha256 == sha256(path)
    original = InputSpec(SIZE, SIZE, 3, dtype="float32", resize="crop", mean=(0.0,) * 3, std=(1.0,) * 3)
    assert spec.provenance.original_input == original
    assert len(spec.golden) == 16
    assert check_golden(OnnxClassifier(tmp_path / "out.onnx"), spec).passed


SCALINGS = [
    pytest.param(InputFlags(scale=1 / 255), lambda x: x / 255, id="from 0 to 1"),
    pytest.param(InputFlags(mean=(127.5,), std=(127.5,)), lambda x: (x - 127.5) / 127.5, id="from -1 to 1"),
    pytest.param(
        InputFlags(scale=1 / 255, mean=(0.5, 0.4, 0.3), std=(0.2, 0.25, 0.3)),
        lambda x: (x / 255 - np.float32([0.5, 0.4, 0.3])) / np.float32([0.2, 0.25, 0.3]),
        id="by channel",
    ),
    pytest.param(InputFlags(scale=1.0), lambda x: x, id="pixels as they are"),
]


@pytest.mark.parametrize(("flags", "scaled"), SCALINGS)
def test_scaling_flags_go_into_the_graph(flags, scaled, keras, networks, tmp_path):
    path = networks("plain.keras", *body(keras))
    images = random_images()
    report = exported(path, tmp_path, flags=flags)
    expected = keras_answers(keras, path, scaled(images.astype(np.float32)))
    np.testing.assert_allclose(raw_answers(report.path, images), expected, atol=1e-5)


def test_float_input_takes_what_keras_takes(keras, networks, tmp_path):
    path = networks("plain.keras", *body(keras))
    report = exported(path, tmp_path, flags=InputFlags(scale=1 / 255), input_dtype="float32")
    tensor = random_images().astype(np.float32) / 255
    np.testing.assert_allclose(raw_answers(report.path, tensor), keras_answers(keras, path, tensor), atol=1e-5)
    assert (report.spec.input.dtype, report.spec.input.scale) == ("float32", 1 / 255)
    assert report.spec.input == report.spec.provenance.original_input


def test_a_subclassed_model(keras, tmp_path):
    @keras.saving.register_keras_serializable("cnnkit-tests")
    class Subclassed(keras.Model):
        def __init__(self, **options):
            super().__init__(**options)
            self.scale = keras.layers.Rescaling(1 / 255)
            self.conv = keras.layers.Conv2D(4, 3)
            self.pool = keras.layers.GlobalMaxPooling2D()
            self.dense = keras.layers.Dense(3)

        def call(self, image):
            return self.dense(self.pool(self.conv(self.scale(image))))

    model = Subclassed()
    images = random_images()
    expected = softmax(np.asarray(model(images.astype(np.float32))))
    path = tmp_path / "subclassed.keras"
    model.save(path)
    report = exported(path, tmp_path, flags=InputFlags(size=(SIZE, SIZE)), head="logits")
    np.testing.assert_allclose(raw_answers(report.path, images), expected, atol=1e-5)


def test_mixed_precision_is_exported_in_float32(keras, tmp_path):
    layer = keras.layers
    low = {"dtype": "mixed_bfloat16"}
    layers = [layer.Conv2D(4, 3, **low), layer.BatchNormalization(**low), layer.GlobalAveragePooling2D(**low)]
    head = layer.Dense(3, activation="softmax", dtype="float32")
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), layer.Rescaling(1 / 255), *layers, head])
    randomise(model)
    model.save(tmp_path / "mixed.keras")
    report = exported(tmp_path / "mixed.keras", tmp_path)
    images = random_images()
    rounded = np.asarray(model(images.astype(np.float32)))
    np.testing.assert_allclose(raw_answers(report.path, images), rounded, atol=0.02)
    assert report.parity.max_probability_difference < 1e-5
    assert "Cast" not in [node.op_type for node in load(report.path).graph.node[1:]]


def load(path):
    import onnx

    return onnx.load(path)


def test_a_model_of_any_size_takes_the_size_asked_for(keras, networks, tmp_path):
    path = networks("any.keras", keras.layers.Rescaling(1 / 255), *body(keras), size=None)
    with pytest.raises(UsageError, match="does not say its input size: add --size"):
        exported(path, tmp_path)
    assert exported(path, tmp_path, flags=InputFlags(size=(10, 14))).spec.input.width == 14


def test_a_linear_layer_behind_a_softmax_gives_probabilities(keras, networks, tmp_path):
    path = networks("linear.keras", keras.layers.Rescaling(1 / 255), *body(keras), keras.layers.Activation("linear"))
    exported(path, tmp_path)
    images = random_images()
    classifier = OnnxClassifier(tmp_path / "out.onnx")
    np.testing.assert_allclose(classifier.probabilities(images), keras_answers(keras, path, images), atol=1e-5)
