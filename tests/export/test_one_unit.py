"""One unit that tells two labels apart: [1 - p, p], whatever gives p and whatever reads it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from small_cnn import COLOURS, colour_images, run_graph, small_graph, write_class_folders
from small_keras import SIZE, body, exported, keras_answers, random_images

from cnnkit.cli import main
from cnnkit.errors import ModelError, UsageError
from cnnkit.export import StampOptions, stamp_model
from cnnkit.export.graph.graphs import load_graph
from cnnkit.foreign import InputFlags, Said
from cnnkit.runtime.onnx import OnnxClassifier, read_spec_of

TWO = "cat,dog"
IMAGES = random_images(64)


def sigmoid(values):
    return 1 / (1 + np.exp(-values.astype(np.float64)))


def saved(keras, path, activation, loss=None, behind=()):
    keras.utils.set_random_seed(3)
    layers = keras.layers
    first = body(keras, pool=False)[:-1]
    model = keras.Sequential(
        [keras.Input((SIZE, SIZE, 3)), layers.Rescaling(1 / 255), *first, layers.Dense(1, activation), *behind]
    )
    if loss is not None:
        model.compile(loss=loss)
    model.save(path)
    return path


HEADS = {
    "sigmoid": ("sigmoid", None, None),
    "sigmoid and its loss": ("sigmoid", lambda _: "binary_crossentropy", None),
    "hard sigmoid": ("hard_sigmoid", None, None),
    "logit by its loss": (None, lambda k: k.losses.BinaryCrossentropy(from_logits=True), None),
    "logit by the focal loss": (None, lambda k: k.losses.BinaryFocalCrossentropy(from_logits=True), None),
    "logit by word": (None, None, "logits"),
}


@pytest.mark.parametrize("name", HEADS)
def test_keras_and_onnx_give_both_labels(keras, tmp_path, name):
    activation, loss, said = HEADS[name]
    path = saved(keras, tmp_path / "net.keras", activation, loss and loss(keras))
    report = exported(path, tmp_path, labels=TWO, head=said)
    given = keras_answers(keras, path, IMAGES)
    second = given if activation else sigmoid(given)
    answers = OnnxClassifier(report.path).probabilities(IMAGES)
    assert (report.spec.output, answers.shape) == ("probabilities", (64, 2))
    assert second.std() > 1e-3
    np.testing.assert_allclose(answers, np.concatenate([1 - second, second], axis=1), atol=1e-4)


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1")
@pytest.mark.parametrize(
    ("activation", "labels", "said", "expected"),
    [
        ("sigmoid", "cat,dog,cow", None, "gives one number for an image, which tells two labels apart, and there are"),
        ("sigmoid", TWO, "logits", "ends in Sigmoid, which gives a probability: leave out --head logits"),
        ("softmax", TWO, None, "ends in Softmax over one number, which is 1 for every image"),
        (None, TWO, None, "says no loss, so what its numbers mean is unknown: say --head logits if a sigmoid is"),
        (None, TWO, "sigmoid", "expected 0 to 1 of sigmoids"),
        ("tanh", TWO, None, "gives one number, from .* made by Tanh: say --head sigmoid if it is the probability of"),
    ],
)  # fmt: skip
def test_what_is_asked_or_refused(keras, tmp_path, activation, labels, said, expected):
    path = saved(keras, tmp_path / "net.keras", activation)
    with pytest.raises((UsageError, ModelError), match=expected):
        exported(path, tmp_path, labels=labels, head=said)


def test_the_chain(keras, tmp_path):
    run = CliRunner()
    path = saved(keras, tmp_path / "net.keras", None, keras.losses.BinaryCrossentropy(from_logits=True))
    photos = write_class_folders(tmp_path / "photos", 20)
    (photos / "green").rename(tmp_path / "left_out")
    net = str(tmp_path / "net.onnx")
    assert run.invoke(main, ["export", str(path), "-o", net, "--labels", "blue,red"]).exit_code == 0
    verified = run.invoke(main, ["verify", net, "--original", str(path), "--data", str(photos)])
    assert verified.exit_code == 0, verified.output
    rows = run.invoke(main, ["predict", str(photos), "-m", net, "--format", "json"])
    tops = [{each["label"]: each["probability"] for each in row["top"]} for row in json.loads(rows.stdout)]
    assert all(sum(top.values()) == pytest.approx(1) and set(top) == {"blue", "red"} for top in tops)
    assert len(tops) == 40


def one_number(path, end, shape=("n", 1)):
    """The small CNN's features, a dense layer of one unit that knows red, and what comes behind it, of a shape."""
    from onnx import TensorProto, helper, numpy_helper

    model = small_graph()
    graph = model.graph
    del graph.node[-1]
    images, targets = colour_images(100, seed=9)
    features = run_graph(small_graph(), images)
    weights = np.linalg.lstsq(features, 8 * (targets == 2) - 4.0, rcond=None)[0].astype(np.float32)[:, None]
    sizes = [-1, *shape[1:]]
    for name, value in {"w": weights, "b": np.zeros(1, np.float32), "sizes": np.array(sizes)}.items():
        graph.initializer.append(numpy_helper.from_array(value, name))
    graph.node.append(helper.make_node("Gemm", [graph.node[-1].output[0], "w", "b"], ["total"]))
    graph.node.append(helper.make_node(end, ["total"], ["number"]))
    graph.node.append(helper.make_node("Reshape", ["number", "sizes"], ["out"]))
    graph.output[0].CopyFrom(helper.make_tensor_value_info("out", TensorProto.FLOAT, shape))
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("shape", [("n", 1), ("n",), ("n", 1, 1, 1)], ids=str)
@pytest.mark.parametrize(("end", "said"), [("Sigmoid", None), ("Identity", "logits")])
def test_an_onnx_file_from_elsewhere(tmp_path, end, said, shape):
    path = one_number(tmp_path / "net.onnx", end, shape)
    images, _ = colour_images(22)
    before = OnnxClassifier(path, said=Said(TWO, InputFlags(), said)).probabilities(images)
    assert before.shape == (66, 2)
    assert before.sum(axis=1) == pytest.approx(np.ones(66))
    assert before[:, 1].std() > 1e-2
    facts = stamp_model(StampOptions(path, path, Said(TWO, InputFlags(), said)))
    assert (facts.spec.output, facts.outputs[0].shape[1]) == ("probabilities", 2)
    np.testing.assert_allclose(OnnxClassifier(path).probabilities(images), before, atol=1e-6)
    assert "Concat" in [node.op_type for node in load_graph(path).graph.node]
    assert CliRunner().invoke(main, ["verify", str(path)]).exit_code == 0


def test_a_stamped_file_is_quantized(tmp_path):
    path, small, run = one_number(tmp_path / "net.onnx", "Sigmoid"), tmp_path / "small.onnx", CliRunner()
    photos = write_class_folders(tmp_path / "photos", 60)
    (photos / "green").rename(tmp_path / "left_out")
    assert run.invoke(main, ["stamp", str(path), "--labels", "blue,red"]).exit_code == 0
    call = ["quantize", str(path), "--calibration", str(photos), "-o", str(small), "--scheme", "u8s8-7bit"]
    done = run.invoke(main, [*call, "--calibration-size", "48", "--threads", "1"])
    assert done.exit_code == 0, done.output
    measured = read_spec_of(small).quantization.evaluation
    assert measured["agreement"] >= 0.96 and measured["top1"] >= measured["top1_float"] - 0.02 >= 0.7
    behind = [node.op_type for node in load_graph(small).graph.node]
    assert "DequantizeLinear" not in behind[behind.index("Sigmoid") :]  # probabilities keep their fine steps
    assert run.invoke(main, ["verify", str(small)]).exit_code == 0


@pytest.mark.parametrize(
    ("end", "labels", "said", "expected"),
    [
        (
            "Sigmoid",
            ",".join(COLOURS),
            None,
            "gives one number an image, which tells two labels apart, and there are 3",
        ),
        ("Sigmoid", TWO, "logits", "ends in Sigmoid, which gives a probability: leave out --head logits"),
        ("Identity", TWO, None, "made by Gemm: say --head sigmoid if it is the probability of the second label, or"),
        ("Tanh", TWO, None, "made by Tanh: say --head sigmoid"),
        ("Softmax", TWO, None, "Softmax over one number"),
    ],
)
def test_what_is_asked_of_an_onnx_file(tmp_path, end, labels, said, expected):
    with pytest.raises((UsageError, ModelError), match=expected):
        OnnxClassifier(one_number(tmp_path / "net.onnx", end), said=Said(labels, InputFlags(), said))
