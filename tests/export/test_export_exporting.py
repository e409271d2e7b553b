from __future__ import annotations

import dataclasses
import json

import cv2
import numpy as np
import pytest

from cnnkit.errors import DataError, ModelError, OutputError, ParityError, SpecError, UsageError
from cnnkit.export import ExportOptions, InputFlags, export_model
from cnnkit.export.layers import layer_of
from cnnkit.files import sha256
from cnnkit.golden import check_golden, encode_golden
from cnnkit.keras_runtime import import_keras
from cnnkit.preprocess import softmax
from cnnkit.runtime import OnnxClassifier, read_spec_of
from cnnkit.spec import DatasetRecord, InputSpec, ModelSpec, Provenance, write_spec

LABELS = "ant,bee,cat"
SIZE = 12


@pytest.fixture(scope="module")
def keras():
    module = import_keras("a test")
    module.utils.set_random_seed(0)
    return module


@pytest.fixture(scope="module")
def networks(keras, tmp_path_factory):
    """Saves a network by name, once: networks(name, layers) -> path."""
    folder = tmp_path_factory.mktemp("keras")

    def save(name, *layers, channels=3, size=SIZE):
        path = folder / name
        if not path.exists():
            model = keras.Sequential([keras.Input((size, size, channels)), *layers])
            randomise(model)
            model.save(path)
        return path

    return save


def randomise(model) -> None:
    """Gives every weight a value that would show if it were lost, such as a bias or a moving mean of zero."""
    rng = np.random.default_rng(1)
    model.set_weights([weight + np.abs(rng.normal(0, 0.2, weight.shape)).astype(weight.dtype) for weight in
                       model.get_weights()])  # fmt: skip


def body(keras, *, head="softmax", pool=True):
    """Convolution with bias, batch normalisation, pooling and a head."""
    layer = keras.layers
    last = layer.GlobalAveragePooling2D() if pool else layer.Flatten()
    return (
        layer.Conv2D(4, 3, padding="same"), layer.BatchNormalization(), layer.ReLU(), layer.MaxPooling2D(), last,
        layer.Dense(3, activation=head),
    )  # fmt: skip


def random_images(count=8, channels=3, size=SIZE):
    return np.random.default_rng(2).integers(0, 256, (count, size, size, channels), dtype=np.uint8)


def exported(path, tmp_path, *, labels=LABELS, flags=InputFlags(), **options):  # noqa: B008
    return export_model(ExportOptions(path, tmp_path / "out.onnx", labels=labels, input=flags, **options))


def raw_answers(path, tensor):
    """What the file answers, without any of cnnkit around it."""
    import onnxruntime

    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"image": tensor})[0]


def keras_answers(keras, path, tensor):
    return np.asarray(keras.models.load_model(path)(tensor.astype(np.float32), training=False))


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
    "h5": ("g.h5", lambda k: [k.layers.Rescaling(1 / 255)], {}, 3),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("name", NETWORKS)
def test_answers_of_keras(name, keras, networks, tmp_path):
    file, first, options, channels = NETWORKS[name]
    path = networks(file, *first(keras), *body(keras, **options), channels=channels)
    report = exported(path, tmp_path)
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
    report = exported(path, tmp_path, flags=InputFlags(size=(SIZE, SIZE)))
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


@pytest.fixture(scope="module")
def run_folder(keras, networks, tmp_path_factory):
    """A run folder as cnnkit train leaves it, two golden images in it."""
    folder = tmp_path_factory.mktemp("run")
    path = networks("a.keras", keras.layers.Rescaling(1 / 64, offset=-121 / 64), *body(keras))
    (folder / "model.keras").write_bytes(path.read_bytes())
    taken = InputSpec(SIZE, SIZE, 3, dtype="float32", resize="crop")
    facts = Provenance(
        "0.9", "conv2", "adam", 7, DatasetRecord("colours", {"train": 9}, "f" * 64), sha256(path), taken, {"top1": 0.75}
    )
    golden = encode_golden(random_images(2), np.full((2, 3), 1 / 3, np.float32))
    spec = ModelSpec(("ant", "bee", "cat"), taken, provenance=facts, golden=golden)
    (folder / "spec.json").write_text(write_spec(spec), encoding="utf-8")
    return folder


def test_a_run_folder_needs_no_flags(keras, run_folder, tmp_path):
    report = exported(run_folder, tmp_path, labels=None)
    spec, facts = report.spec, report.spec.provenance
    assert (spec.labels, spec.input.resize, spec.input.dtype) == (("ant", "bee", "cat"), "crop", "uint8")
    assert (facts.architecture, facts.seed, facts.dataset.name, facts.metrics) == (
        "conv2",
        7,
        "colours",
        {"top1": 0.75},
    )
    assert facts.original_input.dtype == "float32"
    images = random_images(2)
    answers = [image.probabilities for image in spec.golden]
    np.testing.assert_allclose(answers, keras_answers(keras, run_folder / "model.keras", images), atol=1e-6)
    assert report.parity.images == 66


def test_its_keras_file_brings_the_same(run_folder, tmp_path):
    assert exported(run_folder / "model.keras", tmp_path, labels=None).spec.provenance.architecture == "conv2"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        pytest.param({"flags": InputFlags(scale=1.0)}, "leave out --scale, --mean, --std, --color", id="scale"),
        pytest.param({"labels": "a,b"}, "there are 2 labels", id="labels"),
    ],
)
def test_flags_that_contradict_the_run(run_folder, tmp_path, flags, message):
    with pytest.raises(UsageError, match=message):
        exported(run_folder, tmp_path, **flags)


def test_labels_of_a_run_can_be_renamed(run_folder, tmp_path):
    assert exported(run_folder, tmp_path, labels="x,y,z", golden="none").spec.labels == ("x", "y", "z")


def test_a_spec_for_another_file_is_not_used(run_folder, tmp_path, networks, keras):
    path = networks("b.keras", keras.layers.Rescaling(1 / 255), *body(keras, pool=False))
    (tmp_path / "model.keras").write_bytes(path.read_bytes())
    (tmp_path / "spec.json").write_text((run_folder / "spec.json").read_text())
    with pytest.raises(UsageError, match="add --labels"):
        exported(tmp_path, tmp_path, labels=None)


def test_a_broken_spec(run_folder, tmp_path):
    (tmp_path / "model.keras").write_bytes((run_folder / "model.keras").read_bytes())
    (tmp_path / "spec.json").write_text(json.dumps({"spec_version": 2}))
    with pytest.raises(SpecError, match="version 2"):
        exported(tmp_path, tmp_path)


def test_golden_images_from_a_folder(run_folder, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for index, image in enumerate(random_images(3, size=30)):
        (photos / f"{index}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    (photos / "broken.png").write_bytes(b"?")
    report = exported(run_folder, tmp_path, labels=None, golden=str(photos))
    assert (len(report.spec.golden), report.parity.images) == (3, 67)


def test_no_golden_images(run_folder, tmp_path):
    report = exported(run_folder, tmp_path, labels=None, golden="none")
    assert (report.spec.golden, report.parity.images) == ((), 64)


def refused(path, tmp_path, error, message, **options):
    with pytest.raises(error, match=message):
        exported(path, tmp_path, **options)
    assert not (tmp_path / "out.onnx").exists()
    assert not list(tmp_path.glob(".cnnkit-*"))


def test_no_such_golden_folder(run_folder, tmp_path):
    refused(run_folder, tmp_path, UsageError, "expected a folder of images, generated or none", golden="missing")


def test_an_empty_golden_folder(run_folder, tmp_path):
    (tmp_path / "empty").mkdir()
    refused(run_folder, tmp_path, DataError, "holds no readable image", golden=str(tmp_path / "empty"))


def test_a_folder_that_is_no_run(tmp_path):
    refused(tmp_path, tmp_path, ModelError, "holds no model.keras, expected a run folder")


def test_a_missing_file(tmp_path):
    refused(tmp_path / "missing.keras", tmp_path, ModelError, "no such file")


def test_unknown_scaling(keras, networks, tmp_path):
    path = networks("plain.keras", *body(keras))
    refused(path, tmp_path, UsageError, "no Rescaling or Normalization layer, .* say --scale")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"labels": None}, "does not say its class names: add --labels", id="no labels"),
        pytest.param({"labels": "a,b"}, r"an output of shape \(3,\) for an image and there are 2 labels", id="too few"),
        pytest.param({"flags": InputFlags(color="gray")}, "--color gray does not fit", id="color"),
        pytest.param({"flags": InputFlags(size=(9, 9))}, "--size 9x9 does not fit .* 12x12", id="size"),
        pytest.param({"flags": InputFlags(mean=(1.0, 2.0))}, "--mean has 2 numbers, expected 1 or 3", id="mean"),
        pytest.param({"flags": InputFlags(std=(0.0,))}, r"--std holds 0.0, expected numbers above 0", id="std"),
    ],
)
def test_wrong_flags(keras, networks, tmp_path, options, message):
    path = networks("a.keras", keras.layers.Rescaling(1 / 64, offset=-121 / 64), *body(keras))
    refused(path, tmp_path, UsageError, message, **options)


def test_sigmoids_are_no_probabilities(keras, networks, tmp_path):
    path = networks("sigmoid.keras", keras.layers.Rescaling(1 / 255), *body(keras, head="sigmoid"))
    refused(path, tmp_path, ModelError, "ends in sigmoid whose outputs do not sum to 1, expected softmax or logits")


UNSUPPORTED = {
    "grouped": (
        lambda k: k.layers.Conv2D(6, 3, groups=3, name="split"),
        "computes StatefulPartitionedCall in layer 'split'",
    ),
    "gelu": (lambda k: k.layers.Conv2D(4, 3, activation="gelu", name="bent"), "computes Erfc in layer 'bent'"),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_operators_that_onnx_does_not_know(name, keras, networks, tmp_path, capfd):
    layer, message = UNSUPPORTED[name]
    path = networks(f"{name}.keras", keras.layers.Rescaling(1 / 255), layer(keras), *body(keras))
    refused(path, tmp_path, ModelError, message)
    assert "not supported" not in capfd.readouterr().err


def test_lambda_layers_are_not_run(keras, tmp_path):
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), keras.layers.Lambda(lambda x: x / 255), *body(keras)])
    model.save(tmp_path / "lambda.keras")
    refused(tmp_path / "lambda.keras", tmp_path, ModelError, "Lambda layer, and code from a file is not run")


def test_a_graph_that_differs_is_not_written(run_folder, tmp_path, monkeypatch):
    from cnnkit.export import exporting

    def spoil(model):
        from onnx import numpy_helper

        tidied = exporting_tidy(model)
        weight = next(tensor for tensor in tidied.graph.initializer if tensor.name == "conv_1.weight")
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight) * np.float32(1.2), weight.name))
        return tidied

    exporting_tidy = exporting.tidy
    monkeypatch.setattr(exporting, "tidy", spoil)
    refused(run_folder, tmp_path, ParityError, "differs from the Keras model by .* no file was written", labels=None)


def test_an_existing_file_stays_unless_told(run_folder, tmp_path):
    path = tmp_path / "out.onnx"
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match="exists already: replace it with --overwrite"):
        exported(run_folder, tmp_path, labels=None)
    assert path.read_bytes() == b"old"
    assert exported(run_folder, tmp_path, labels=None, overwrite=True).size_bytes == path.stat().st_size > 3


@pytest.mark.parametrize(
    ("name", "message"),
    [("missing/out.onnx", "does not exist"), (".", "is a folder")],
    ids=["folder missing", "is a folder"],
)
def test_an_output_that_cannot_be(run_folder, tmp_path, name, message):
    with pytest.raises(OutputError, match=message):
        export_model(ExportOptions(run_folder, tmp_path / name))


@pytest.mark.parametrize(
    ("node", "layer"),
    [("net_1/conv/Gelu/Erfc", "conv"), ("net/conv_2_1/x", "conv_2"), ("net/conv_1/x", "conv"), ("net/other/x", None)],
)
def test_the_layer_of_a_node(keras, node, layer):
    layers = [keras.layers.ReLU(name=name) for name in ("conv", "conv_2")]
    assert layer_of(keras.Sequential([keras.Sequential(layers, name="inner")]), node) == layer
