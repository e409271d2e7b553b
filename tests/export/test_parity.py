"""Parity where probabilities say little: networks with random weights, whose classes are all about as likely."""

from __future__ import annotations

import numpy as np
import pytest
from small_keras import exported

from cnnkit.errors import ParityError
from cnnkit.export import exporting
from cnnkit.export.graph.graphs import add_constant, constants
from cnnkit.export.parity import check_parity, logit_difference, rounding_alone
from cnnkit.export.verification.ladder import climb
from cnnkit.foreign import InputFlags
from cnnkit.runtime.onnx import OnnxClassifier

CLASSES = 100
LABELS = ",".join(f"class {number}" for number in range(CLASSES))
FLAGS = InputFlags(scale=1 / 255)


@pytest.fixture(scope="module")
def random_network(keras, tmp_path_factory):
    """Weights as Keras draws them, the last layer's a fiftieth: all classes are as likely to five digits."""
    keras.utils.set_random_seed(4)
    layer = keras.layers
    model = keras.Sequential([
        keras.Input((16, 16, 3)), layer.Conv2D(8, 3, activation="relu"), layer.Conv2D(8, 3, activation="relu"),
        layer.Conv2D(8, 3, activation="relu"), layer.GlobalAveragePooling2D(),
        layer.Dense(CLASSES, activation="softmax"),
    ])  # fmt: skip
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel / 50, bias])
    path = tmp_path_factory.mktemp("random") / "random.keras"
    model.save(path)
    return path


def replaced(graph, operator, number, change):
    """Changes the weights of the operator that is so many in order, as an exporter that goes wrong would."""
    node = [node for node in graph.graph.node if node.op_type == operator][number]
    node.input[1] = add_constant(graph, "wrong", change(constants(graph)[node.input[1]]))


def shuffled(weight):
    return np.random.default_rng(0).permutation(weight.ravel()).reshape(weight.shape)


FAULTS = {
    "wrong weights in one layer": lambda graph: replaced(graph, "Conv", 1, shuffled),
    "a layer a tenth too strong": lambda graph: replaced(graph, "Conv", 2, lambda w: w * np.float32(1.1)),
    "wrong weights in the last layer": lambda graph: replaced(graph, "MatMul", -1, shuffled),
    "swapped channels": lambda graph: replaced(graph, "Conv", 0, lambda w: np.ascontiguousarray(w[:, ::-1])),
    "1/255 twice": lambda graph: replaced(graph, "Conv", 0, lambda w: w / np.float32(255)),
}


def test_a_right_export_passes(random_network, tmp_path):
    report = exported(random_network, tmp_path, labels=LABELS, flags=FLAGS)
    assert 0 <= report.parity.logit_difference < 1e-3
    stages = climb(OnnxClassifier(report.path), random_network, None)
    assert all(stage.passed and not stage.cause for stage in stages)


@pytest.mark.parametrize("plant", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(random_network, tmp_path, plant, monkeypatch):
    convert = exporting.convert

    def wrong(*arguments):
        graph = convert(*arguments)
        plant(graph)
        return graph

    monkeypatch.setattr(exporting, "convert", wrong)
    with pytest.raises(ParityError, match="of what its logits vary from image to image") as caught:
        exported(random_network, tmp_path, labels=LABELS, flags=FLAGS)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.onnx").exists()


def test_verify_finds_it_too(random_network, tmp_path, monkeypatch):
    convert = exporting.convert

    def wrong(*arguments):
        graph = convert(*arguments)
        FAULTS["wrong weights in one layer"](graph)
        return graph

    monkeypatch.setattr(exporting, "convert", wrong)
    monkeypatch.setattr(exporting, "check_parity", lambda *_, **__: None)
    report = exported(random_network, tmp_path, labels=LABELS, flags=FLAGS)
    stages = {stage.name: stage for stage in climb(OnnxClassifier(report.path), random_network, None)}
    assert stages["float32"].max_probability_difference < 1e-4
    assert not stages["float32"].passed
    assert stages["float32"].cause.startswith("logits differ by ")


def test_answers_that_do_not_vary_are_said(caplog):
    flat = np.full((6, 4), 0.25, np.float32)
    assert logit_difference(flat, flat) is None
    parity = check_parity(flat, flat, tolerance=1e-4)
    assert parity.logit_difference is None
    assert "the network's answers do not vary from image to image" in caplog.text


@pytest.mark.parametrize(
    ("factor", "difference"),
    [pytest.param(0.0, 0.0, id="the same"), pytest.param(0.1, 0.1, id="a tenth"), pytest.param(1.0, 1.0, id="all")],
)
def test_the_difference_is_relative_to_what_logits_vary(factor, difference):
    rng = np.random.default_rng(0)
    logits, noise = rng.normal(0, 1e-3, (2, 64, 50))

    def softmax(values):
        powers = np.exp(values.astype(np.float64))
        return powers / powers.sum(axis=1, keepdims=True)

    found = logit_difference(softmax(logits), softmax(logits + factor * noise))
    assert found == pytest.approx(difference, abs=0.02)


def test_probabilities_of_zero_are_no_trouble():
    sure = np.eye(3, dtype=np.float32)
    assert logit_difference(sure, sure) == 0


def test_rounding_that_a_network_makes_much_of_is_said(keras, tmp_path):
    """Each layer makes a difference several times as large, as those of random weights that are too large do."""
    keras.utils.set_random_seed(0)
    layer, steep = keras.layers, keras.initializers.VarianceScaling(20.0, "fan_in", "untruncated_normal")
    model = keras.Sequential([
        keras.Input((8, 8, 3)), layer.Rescaling(1 / 127.5, -1), layer.Flatten(),
        *(layer.Dense(48, "tanh", kernel_initializer=steep) for _ in range(30)),
        layer.Dense(3, "softmax"),
    ])  # fmt: skip
    model.save(tmp_path / "steep.keras")
    message = r"where the last bits of its input change, those of Keras itself move by [\d.e-]+: the network makes much"
    with pytest.raises(ParityError, match=message) as said:
        exported(tmp_path / "steep.keras", tmp_path, labels="a,b,c")
    assert "the first layer that differs" not in str(said.value)


@pytest.mark.parametrize(
    ("jitter", "expected"),
    [pytest.param(1e-7, None, id="a fault"), pytest.param(0.2, pytest.approx(0.1, abs=0.1), id="rounding")],
)
def test_when_rounding_explains_a_difference(jitter, expected):
    rng = np.random.default_rng(0)
    logits, noise, other = rng.normal(0, 1, (3, 64, 5))

    def softmax(values):
        powers = np.exp(values)
        return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)

    assert rounding_alone(softmax(logits), softmax(logits + 0.3 * noise), softmax(logits + jitter * other)) == expected
