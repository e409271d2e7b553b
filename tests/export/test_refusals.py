from __future__ import annotations

import numpy as np
import pytest
from small_keras import SIZE, body, exported

from cnnkit.errors import DataError, ModelError, OutputError, ParityError, UsageError
from cnnkit.export import ExportOptions, export_model
from cnnkit.export.original.layers import layer_of
from cnnkit.foreign import InputFlags


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
    refused(path, tmp_path, UsageError, "how .* wants its pixels is unknown .*say --scale")


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


def test_an_operator_that_onnx_does_not_know(keras, networks, tmp_path, capfd):
    @keras.saving.register_keras_serializable("test")
    class Bent(keras.layers.Layer):
        def call(self, x):
            return keras.ops.erfinv(x)

    path = networks("bent.keras", keras.layers.Rescaling(1 / 255), Bent(name="bent"), *body(keras))
    refused(path, tmp_path, ModelError, "computes Erfinv in layer 'bent', which cannot be exported to ONNX: replace",
            flags=InputFlags(scale=1 / 300))  # fmt: skip
    assert "not supported" not in capfd.readouterr().err


@pytest.mark.parametrize("name", ["expm1", "log1p", "celu"])
def test_operators_that_are_written_otherwise(keras, networks, tmp_path, name):
    @keras.saving.register_keras_serializable("test")
    class Rewritten(keras.layers.Layer):
        def call(self, x):
            return getattr(keras.ops, self.name)(x - 0.5 if self.name != "log1p" else x)

    layers = (keras.layers.Rescaling(1 / 255), Rewritten(name=name), *body(keras, pool=False))
    report = exported(networks(f"{name}.keras", *layers), tmp_path, flags=InputFlags(scale=1.0))
    assert report.parity.max_probability_difference < 1e-5
    assert report.parity.logit_difference < 1e-3


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_lambda_layers_are_not_run(keras, tmp_path, suffix):
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), keras.layers.Lambda(lambda x: x / 255), *body(keras)])
    model.save(tmp_path / f"lambda{suffix}")
    refused(tmp_path / f"lambda{suffix}", tmp_path, ModelError, "Lambda layer, and code from a file is not run")


@pytest.mark.parametrize("eager", [True, False], ids=["when called", "when traced"])
def test_a_layer_that_raises_is_one_line(keras, networks, tmp_path, eager):
    import tensorflow as tf

    @keras.saving.register_keras_serializable("test")
    class Stern(keras.layers.Layer):
        def compute_output_shape(self, shape):
            return shape

        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape, x.dtype)

        def call(self, x):
            if tf.executing_eagerly() == broken[0]:
                raise ValueError(f"no such image\n{x}")
            return x

    broken = [None]
    path = networks(f"stern {eager}.keras", keras.layers.Rescaling(1 / 255), Stern(name="stern"), *body(keras))
    broken[0] = eager
    with pytest.raises(
        ModelError, match=r"^the Keras model cannot be called with .*Stern: no such image: check"
    ) as raised:
        exported(path, tmp_path)
    assert len(str(raised.value)) < 300


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


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("plain", r"'bent' \(Activation\)"),
        ("nested", r"'bent' \(Activation\)"),
        ("saved model", r"'bent_1[/\w]*' \(\w+\)"),
        ("nested, saved model", r"'middle_1/bent_1[/\w]*' \(\w+\)"),
    ],
)
def test_the_first_layer_that_differs_is_named(keras, tmp_path, monkeypatch, kind, named):
    from cnnkit.export import conversion

    def wrong(context, node, name, _arguments):
        """Computes exp(x) where exp(x) - 1 is meant."""
        dtype, shapes = context.get_dtype(node.output[0]), node.output_shapes
        context.remove_node(node.name)
        context.make_node("Exp", node.input, outputs=node.output, name=name, shapes=shapes, dtypes=[dtype])

    monkeypatch.setattr(conversion, "known_rewrites", lambda: {"Expm1": (wrong, [])})
    bent = keras.layers.Activation("celu", name="bent")
    nested = "nested" in kind
    middle = keras.Sequential([keras.Input((SIZE, SIZE, 3)), bent], name="middle") if nested else bent
    model = keras.Sequential(
        [keras.Input((SIZE, SIZE, 3)), keras.layers.Rescaling(1 / 127.5, -1), middle, *body(keras, pool=False)]
    )
    path = tmp_path / ("net" if "saved" in kind else "net.keras")
    if "saved" in kind:
        model.export(str(path), verbose=False)
    else:
        model.save(path)
    refused(path, tmp_path, ParityError, f"no file was written; the first layer that differs is {named}")


def test_sigmoids_that_are_all_shut_are_told(keras, tmp_path):
    """Of sigmoid(-16), 1.1e-7, onnxruntime has one digit."""
    layers, shut = keras.layers, keras.initializers.Constant(-16.0)
    model = keras.Sequential([
        keras.Input((SIZE, SIZE, 3)), layers.Rescaling(1 / 127.5, -1), layers.Conv2D(8, 3), layers.GlobalMaxPooling2D(),
        layers.Dense(8, "sigmoid", bias_initializer=shut, name="gates"), layers.Rescaling(1e7),
        layers.Dense(3, "softmax"),
    ])  # fmt: skip
    model.save(tmp_path / "net.keras")
    told = r"differs is 'gates' \(Dense\), whose sigmoids are all below 0\.01: onnxruntime gives them to 1e-7"
    refused(tmp_path / "net.keras", tmp_path, ParityError, told)


def test_an_existing_file_stays_unless_told(run_folder, tmp_path):
    path = tmp_path / "out.onnx"
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match="exists already: name another file, or pass --overwrite to replace it"):
        exported(run_folder, tmp_path, labels=None)
    assert path.read_bytes() == b"old"
    assert exported(run_folder, tmp_path, labels=None, overwrite=True).size_bytes == path.stat().st_size > 3


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing/out.onnx", r"cannot write .*out\.onnx: the folder .*missing does not exist"),
        (".", "it is a folder, expected the name of a file"),
    ],
    ids=["folder missing", "is a folder"],
)
def test_an_output_that_cannot_be(run_folder, tmp_path, name, message):
    with pytest.raises(OutputError, match=message):
        export_model(ExportOptions(run_folder, tmp_path / name))


@pytest.mark.parametrize(
    ("node", "layer"),
    [
        ("net_1/conv/Gelu/Erfc", "conv"),
        ("net/conv_2_1/x", "conv_2"),
        ("net/conv_1/x", "conv"),
        ("net/other/x", None),
        ("asked/tfsm_layer_1/StatefulPartitionedCall/StatefulPartitionedCall/net_1/bent_1/erfinv/Erfinv", "bent_1"),
        ("asked/tfsm_layer/StatefulPartitionedCall/bent/Erfinv", "bent"),
    ],
)
def test_the_layer_of_a_node(keras, node, layer):
    layers = [keras.layers.ReLU(name=name) for name in ("conv", "conv_2")]
    assert layer_of(keras.Sequential([keras.Sequential(layers, name="inner")]), node) == layer


def test_a_late_rescaling_does_not_settle_how_pixels_are_wanted(keras, networks, tmp_path):
    first = keras.layers.SeparableConv2D(4, 3)  # which has no attribute `kernel`
    path = networks("late.keras", first, keras.layers.Rescaling(1 / 255), *body(keras))
    refused(path, tmp_path, UsageError, "how .* wants its pixels is unknown .*say --scale")
