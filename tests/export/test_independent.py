"""One sigmoid a label: exported, quantized and verified, from Keras and from elsewhere."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from small_cnn import SMALL_SPEC, colour_images, run_graph, trained_graph, write_class_folders
from small_keras import LABELS, SIZE, body, exported, keras_answers, random_images

from cnnkit.cli import main
from cnnkit.errors import UsageError
from cnnkit.export import StampOptions, stamp_model
from cnnkit.foreign import InputFlags, Said
from cnnkit.runtime.onnx import OnnxClassifier, read_spec_of

IMAGES = random_images(64)


def sigmoid(values):
    return 1 / (1 + np.exp(-values.astype(np.float64)))


def saved(keras, path, activation, loss=None):
    keras.utils.set_random_seed(3)
    layers = body(keras, head=activation, pool=False)
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), keras.layers.Rescaling(1 / 255), *layers])
    if loss is not None:
        model.compile(loss=loss)
    model.save(path)
    return path


@pytest.mark.parametrize(
    ("activation", "loss", "said"),
    [
        ("sigmoid", None, None),
        (None, lambda k: k.losses.BinaryCrossentropy(from_logits=True), None),
        (None, None, "sigmoid-logits"),
    ],
    ids=["sigmoid", "logits by the loss", "logits by word"],
)
def test_keras_and_onnx(keras, tmp_path, activation, loss, said):
    path = saved(keras, tmp_path / "net.keras", activation, loss and loss(keras))
    report = exported(path, tmp_path, head=said, limits=(0.5, 0.25, 0.75))
    given = keras_answers(keras, path, IMAGES)
    expected = given if activation else sigmoid(given)
    answers = OnnxClassifier(report.path).probabilities(IMAGES)
    assert (report.spec.output, report.spec.limits) == ("independent", (0.5, 0.25, 0.75))
    assert expected.std() > 1e-2 and np.ptp(expected.sum(axis=1)) > 1e-2
    np.testing.assert_allclose(answers, expected, atol=1e-4)
    assert (
        json.loads(CliRunner().invoke(main, ["info", str(report.path), "--format", "json"]).stdout)["spec"][
            "spec_version"
        ]
        == 2
    )


@pytest.mark.parametrize(
    ("activation", "limits", "expected"),
    [
        ("softmax", (0.5,), "gives one label an image: leave out --limits"),
        ("sigmoid", (0.5, 0.6), "--limits has 2 numbers, expected 1 or 3, one a label"),
        ("sigmoid", (0.0,), "--limits holds 0, expected numbers between 0 and 1"),
    ],
)
def test_limits_that_cannot_be_meant(keras, tmp_path, activation, limits, expected):
    path = saved(keras, tmp_path / "net.keras", activation)
    with pytest.raises(UsageError, match=expected):
        exported(path, tmp_path, limits=limits)


def trained_labels(tmp_path):
    """The small CNN that knows colours, with a sigmoid a label in place of its softmax."""
    model = trained_graph()
    for node in model.graph.node:
        if node.op_type == "Softmax":
            node.op_type = "Sigmoid"
    path = tmp_path / "labels.onnx"
    path.write_bytes(model.SerializeToString())
    return path, model


def test_the_chain_from_an_onnx_file(tmp_path):
    run = CliRunner()
    path, model = trained_labels(tmp_path)
    call = ["stamp", str(path), "--labels", ",".join(SMALL_SPEC.labels), "--limits", "0.6"]
    assert run.invoke(main, call).exit_code == 0
    spec = read_spec_of(path)
    assert (spec.output, spec.limits, len(spec.golden)) == ("independent", (0.6,) * 3, 16)
    images, _ = colour_images(20)
    np.testing.assert_array_equal(OnnxClassifier(path).probabilities(images), run_graph(model, images))
    photos = write_class_folders(tmp_path / "photos", 60)
    small = tmp_path / "small.onnx"
    call = ["quantize", str(path), "--calibration", str(photos), "-o", str(small), "--scheme", "u8s8-7bit",
            "--calibration-size", "48", "--threads", "1"]  # fmt: skip
    done = run.invoke(main, call)
    assert done.exit_code == 0, done.output
    quantized = read_spec_of(small)
    assert quantized.quantization.precision == "int8"
    assert quantized.quantization.evaluation["agreement"] >= 0.96
    assert run.invoke(main, ["verify", str(small)]).exit_code == 0


def test_sigmoids_to_follow_are_written_into_the_spec(tmp_path):
    path, model = trained_labels(tmp_path)
    for node in model.graph.node:
        if node.op_type == "Sigmoid":
            node.op_type = "Identity"
    path.write_bytes(model.SerializeToString())
    said = Said(",".join(SMALL_SPEC.labels), InputFlags(), "sigmoid-logits")
    facts = stamp_model(StampOptions(path, path, said))
    images, _ = colour_images(20)
    assert facts.spec.output == "independent-logits"
    np.testing.assert_allclose(OnnxClassifier(path).probabilities(images), sigmoid(run_graph(model, images)), atol=1e-6)


def test_verify_with_the_original(keras, tmp_path):
    path = saved(keras, tmp_path / "net.keras", None, keras.losses.BinaryCrossentropy(from_logits=True))
    exported(path, tmp_path, labels=LABELS)
    done = CliRunner().invoke(main, ["verify", str(tmp_path / "out.onnx"), "--original", str(path)])
    assert done.exit_code == 0, done.output
