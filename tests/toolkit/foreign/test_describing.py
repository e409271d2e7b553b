from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from tiny_models import solid

from cnnkit.cli import main
from cnnkit.errors import ModelError, UsageError
from cnnkit.foreign import InputFlags, Said
from cnnkit.foreign.metadata import metadata_labels
from cnnkit.images.preprocess import resize_image
from cnnkit.runtime.model import load_model

onnx = pytest.importorskip("onnx")
LABELS = ("red", "green", "blue")


def build(path, *, layout="nchw", dtype="float32", batch="n", size=8, softmax=True, metadata=None, scale=1.0):
    """A model whose answers are the means of the channels, sharpened; it carries no spec."""
    from onnx import TensorProto, helper

    kinds = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "uint8": TensorProto.UINT8}
    kinds["int32"] = TensorProto.INT32
    shape = [batch, 3, size, size] if layout == "nchw" else [batch, size, size, 3]
    factor = helper.make_tensor("factor", TensorProto.FLOAT, [], [scale])
    axes = [2, 3] if layout == "nchw" else [1, 2]
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float"], ["means"], axes=axes, keepdims=0),
        helper.make_node("Mul", ["means", "factor"], ["logits"]),
        helper.make_node("Softmax" if softmax else "Identity", ["logits"], ["out"]),
    ]
    taken = helper.make_tensor_value_info("image", kinds[dtype], shape)
    given = helper.make_tensor_value_info("out", TensorProto.FLOAT, [batch, 3])
    graph = helper.make_graph(nodes, "means", [taken], [given], [factor])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for key, value in (metadata or {}).items():
        model.metadata_props.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8"])
@pytest.mark.parametrize("batch", ["n", 1, 4])
@pytest.mark.parametrize("softmax", [True, False], ids=["probabilities", "logits"])
def test_any_classifier_of_images_answers_alike(tmp_path, layout, dtype, batch, softmax):
    scale = 4 / 255 if dtype == "uint8" else 4.0
    path = build(tmp_path / "m.onnx", layout=layout, dtype=dtype, batch=batch, softmax=softmax, scale=scale)
    flags = InputFlags() if dtype == "uint8" else InputFlags(scale=1 / 255)
    model = load_model(path, said=Said(",".join(LABELS), flags))
    assert (model.spec.output == "probabilities") is softmax
    answers = [model.predict(solid(colour, 20, 30)) for colour in ("red", "green", "blue")]
    assert [answer.label for answer in answers] == list(LABELS)
    assert answers[0].confidence == pytest.approx(np.exp(4) / (np.exp(4) + 2), abs=2e-3)
    images = np.stack([resize_image(solid(colour, 9, 9), model.spec.input) for colour in LABELS * 3])
    assert model.classifier.probabilities(images).argmax(axis=1).tolist() == [0, 1, 2] * 3


def test_a_size_that_is_open_is_asked_for(tmp_path):
    path = build(tmp_path / "m.onnx", size="s", scale=4.0)
    with pytest.raises(UsageError, match="does not say its input size: add --size HEIGHTxWIDTH"):
        load_model(path, said=Said("a,b,c", InputFlags(scale=1 / 255)))
    model = load_model(path, said=Said("a,b,c", InputFlags(scale=1 / 255, size=(12, 16))))
    assert (model.spec.input.height, model.spec.input.width) == (12, 16)
    assert model.predict(solid("green", 5, 5)).label == "b"


def test_other_numbers_are_no_pixels(tmp_path):
    with pytest.raises(ModelError, match=r"takes tensor\(int32\), expected uint8, float32, float16"):
        load_model(build(tmp_path / "m.onnx", dtype="int32"), said=Said("a,b,c"))


def test_the_order_of_colours_is_said(tmp_path):
    path = build(tmp_path / "m.onnx", scale=4.0)
    model = load_model(path, said=Said(",".join(LABELS), InputFlags(scale=1 / 255, color="bgr")))
    assert model.predict(solid("red", 5, 5)).label == "blue"


@pytest.mark.parametrize("command", ["predict", "webcam"])
def test_all_that_is_missing_is_asked_for_at_once(tmp_path, make_image, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    build(tmp_path / "m.onnx")
    (tmp_path / "x.png").write_bytes(make_image("x2.png", "red").read_bytes())
    monkeypatch.setattr("cnnkit.live.webcam.parse_addresses", lambda sources, insecure: [])
    monkeypatch.setattr("cnnkit.live.webcam._check_files", lambda options, address: None)
    arguments = ["predict", "x.png"] if command == "predict" else ["webcam", "--headless"]
    result = CliRunner().invoke(main, [*arguments, "--model", "m.onnx"])
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "say --scale" in result.stderr and "add --labels" in result.stderr
    result = CliRunner().invoke(main, ["info", "m.onnx"])
    assert result.exit_code == 0


def test_flags_of_the_command(tmp_path, make_image, monkeypatch):
    monkeypatch.chdir(tmp_path)
    build(tmp_path / "m.onnx", scale=4.0)
    make_image("x.png", "green")
    (tmp_path / "labels.txt").write_text("red\ngreen\nblue\n")
    call = ["predict", "x.png", "--model", "m.onnx", "--format", "jsonl", "--labels", "labels.txt", "--scale", "1/255"]
    assert json.loads(CliRunner().invoke(main, call).stdout)["label"] == "green"


def test_a_file_that_says_it_itself_is_not_contradicted(tiny_model, make_image):
    result = CliRunner().invoke(
        main, ["predict", str(make_image("x.png", "red")), "-m", str(tiny_model), "--scale", "2"]
    )
    assert result.exit_code == 2
    assert result.stderr.endswith("says itself what it takes and gives: leave out --labels, --scale and the like\n")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"scale": 0.0}, "--scale is 0, expected a number that is not 0"),
        ({"scale": 1e300}, r"--scale is 1e\+300, expected"),
        ({"std": (1.0, 1e-40, 1.0)}, "--std holds 1e-40 to 1, expected numbers from 1e-12"),
        ({"std": (0.0,)}, "--std holds 0.0, expected numbers above 0"),
        ({"mean": (-1e20,)}, r"--mean holds -1e\+20, expected numbers up to"),
        ({"mean": (1.0, 2.0)}, "--mean has 2 numbers, expected 1 or 3, one a channel"),
    ],
)
def test_a_scaling_that_cannot_be_meant(tmp_path, flags, message):
    with pytest.raises(UsageError, match=message):
        load_model(build(tmp_path / "m.onnx"), said=Said("a,b,c", InputFlags(**flags)))


@pytest.mark.parametrize("size", [0, 100_000])
def test_a_size_that_is_no_image(tmp_path, size):
    with pytest.raises(ModelError, match=rf"takes images of {size}x{size}, expected 1 to 16384 pixels a side"):
        load_model(build(tmp_path / "m.onnx", size=size), said=Said("a,b,c", InputFlags(scale=1 / 255)))


def test_independent_labels_that_an_answer_could_not_list(tmp_path):
    (tmp_path / "labels.txt").write_text("cat\ncat, asleep\nnone\n", encoding="utf-8")
    said = Said(str(tmp_path / "labels.txt"), InputFlags(scale=1 / 255), head="sigmoid-logits")
    with pytest.raises(UsageError, match=r"m\.onnx names 'cat, asleep', expected names without comma and space"):
        load_model(build(tmp_path / "m.onnx", softmax=False), said=said)


@pytest.mark.parametrize(
    ("metadata", "labels"),
    [
        ({"names": "{0: 'cat', 1: \"dog's\", 2: 'bird'}"}, ("cat", "dog's", "bird")),
        ({"names": '{"2": "c", "0": "a", "1": "b"}'}, ("a", "b", "c")),
        ({"id2label": '{"0": "a", "1": "b", "2": "c"}', "task": "classify"}, ("a", "b", "c")),
        ({"classes": '["a", "b", "c"]'}, ("a", "b", "c")),
        ({"labels": "a\nb, or so\nc\n"}, ("a", "b, or so", "c")),
        ({"class_names": "a, b, c"}, ("a", "b", "c")),
        ({"classes": '{"a": 0, "c": 2, "b": 1}'}, ("a", "b", "c")),
        ({"names": "['a', 'b', 'c']", "labels": "a,b,c"}, ("a", "b", "c")),
        ({"names": "a,b"}, None),
        ({"names": "a,b,a"}, None),
        ({"names": '["\\u00e9", "e\\u0301", "c"]'}, None),
        ({"names": '["a", " ", "c"]'}, None),
        ({"names": "a,b,c", "classes": "c,b,a"}, None),
        ({"names": "{0: 'a', 2: 'b', 3: 'c'}"}, None),
        ({"names": "[1, 2, 3]"}, None),
        ({"names": "3"}, None),
        ({"names": "__import__('os').system('true')"}, None),
        ({"names": "[" * 100_000}, None),
        ({"names": '{"0": "a", "0": "b", "1": "b", "2": "c"}'}, None),
        ({"names": "{0: 'a', 1: 'x', 1: 'b', 2: 'c'}"}, None),
        ({"description": "a,b,c"}, None),
        ({}, None),
    ],
)
def test_names_that_other_exporters_write(metadata, labels):
    assert metadata_labels(metadata, 3) == labels


def test_names_in_the_file_need_no_flag(tmp_path):
    path = build(tmp_path / "m.onnx", dtype="uint8", metadata={"names": "{0: 'r', 1: 'g', 2: 'b'}"})
    assert load_model(path, said=Said()).spec.labels == ("r", "g", "b")
