from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cnnkit.cli import main
from cnnkit.errors import ModelError, UsageError
from cnnkit.foreign import InputFlags, Said
from cnnkit.runtime.model import load_model

onnx = pytest.importorskip("onnx")
ASKED = "say --head softmax if they are probabilities, --head logits if a softmax is to follow, sigmoid or"
KINDS = ("logits", "probabilities", "independent", "independent-logits")


def graph(path: Path, *steps, outputs=("out",), initial=None):
    """A model without a spec: the means of three channels, then steps (operator, inputs, output, options)."""
    from onnx import TensorProto, helper

    nodes = [helper.make_node("ReduceMean", ["image"], ["means"], axes=[2, 3], keepdims=0)]
    tensors = [
        helper.make_tensor(name, TensorProto.FLOAT, np.shape(value), np.ravel(value))
        for name, value in {"eye": np.eye(3), "half": 0.5, "hundred": 100.0, "zero": 0.0, "huge": 1e6, "one": 1.0,
                            "bias": [1.0, -1.0, -1.0], "low": 0.0, "high": 1.0, **(initial or {})}.items()
    ]  # fmt: skip
    for operator, inputs, output, *options in steps:
        nodes.append(helper.make_node(operator, inputs.split(), [output], **(options[0] if options else {})))
    model = helper.make_graph(
        nodes,
        "heads",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 8, 8])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        tensors,
    )
    path.write_bytes(
        helper.make_model(model, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()
    )
    return path


GEMM = ("Gemm", "means eye", "logits")
MOVED = (("Unsqueeze", "a axes", "b"), ("Squeeze", "b axes", "c"), ("Identity", "c", "out"))
HEADS = {
    "linear": ([("Gemm", "means eye", "out")], "logits"),
    "linear, scaled": ([GEMM, ("Mul", "logits half", "a"), ("Add", "a bias", "out")], "logits"),
    "softmax": ([GEMM, ("Softmax", "logits", "out")], "probabilities"),
    "softmax, then moved": ([GEMM, ("Softmax", "logits", "a"), *MOVED], "probabilities"),
    "softmax in float64": (
        [GEMM, ("Cast", "logits", "a", {"to": 11}), ("Softmax", "a", "b"), ("Cast", "b", "out", {"to": 1})],
        "probabilities",
    ),
    "softmax written out": (
        [GEMM, ("Exp", "logits", "a"), ("ReduceSum", "a axes", "b"), ("Div", "a b", "out")],
        "probabilities",
    ),
    "logarithm of a softmax": ([GEMM, ("LogSoftmax", "logits", "out")], "logits"),
    "mean of two softmaxes": (
        [GEMM, ("Softmax", "logits", "a"), ("Softmax", "means", "b"), ("Mean", "a b", "out")],
        "probabilities",
    ),
    "softmax in percent": (
        [GEMM, ("Softmax", "logits", "a"), ("Mul", "a hundred", "out")],
        "ends in Softmax and gives percent, expected probabilities that sum to 1",
    ),
    "softmax over the images": ([GEMM, ("Softmax", "logits", "out", {"axis": 0})], "numbers that do not sum to 1"),
    "sigmoids": ([GEMM, ("Sigmoid", "logits", "out")], "independent"),
    "sigmoids that saturate": (
        [("Mul", "means zero", "a"), ("Add", "a bias", "b"), ("Mul", "b huge", "c"), ("Sigmoid", "c", "out")],
        "independent",
    ),
    "sigmoids, moved": ([GEMM, ("Sigmoid", "logits", "a"), *MOVED], "independent"),
    "sigmoids that saturate, clipped": (
        [("Mul", "means zero", "a"), ("Add", "a bias", "b"), ("Mul", "b huge", "c"), ("Sigmoid", "c", "d"),
         ("Clip", "d low high", "out")],
        f"made by Clip: {ASKED}",
    ),
    "features": ([GEMM, ("Relu", "logits", "out")], f"made by Relu: {ASKED}"),
}  # fmt: skip


def load(path, **said):
    return load_model(path, said=Said("red,green,blue", InputFlags(scale=1 / 255), **said))


@pytest.mark.parametrize("name", HEADS)
def test_the_operator_in_front_of_the_output_tells(tmp_path, name):
    steps, expected = HEADS[name]
    path = graph(tmp_path / "m.onnx", *steps, initial={})
    model = onnx.load(path)
    model.graph.initializer.append(onnx.helper.make_tensor("axes", onnx.TensorProto.INT64, [1], [1]))
    if name.endswith("written out"):
        model.graph.node[3].attribute.add().CopyFrom(onnx.helper.make_attribute("keepdims", 1))
    onnx.save(model, path)
    if expected in KINDS:
        assert load(path).spec.output == expected
        return
    with pytest.raises((ModelError, UsageError), match=expected):
        load(path)


@pytest.mark.parametrize(
    ("head", "said", "expected"),
    [
        ("features", "logits", "logits"),
        ("features", "softmax", "numbers that do not sum to 1, expected others with --head softmax"),
        ("linear", "sigmoid-logits", "independent-logits"),
        ("sigmoids", "sigmoid", "independent"),
        ("softmax", "sigmoid-logits", "whose classes exclude one another: leave out --head sigmoid-logits"),
        ("linear", "logits", "logits"),
        ("softmax", "softmax", "probabilities"),
        ("softmax", "logits", "which gives probabilities: leave out --head logits"),
        ("sigmoids", "logits", "gives a probability a label: leave out --head logits"),
        ("logarithm of a softmax", "logits", "logits"),
    ],
)
def test_what_is_said_of_the_head(tmp_path, head, said, expected):
    path = graph(tmp_path / "m.onnx", *HEADS[head][0])
    if expected in KINDS:
        assert load(path, head=said).spec.output == expected
        return
    with pytest.raises((ModelError, UsageError), match=expected):
        load(path, head=said)


TWO = [GEMM, ("Softmax", "logits", "classes"), ("Identity", "means", "features")]


def test_one_of_several_outputs_is_named(tmp_path):
    path = graph(tmp_path / "m.onnx", *TWO, outputs=("features", "classes"))
    with pytest.raises(UsageError, match=r"has 2 outputs: say which with --output-name: features .*, classes "):
        load(path)
    with pytest.raises(UsageError, match=r"has no output 'digit', expected --output-name to be one of: features .*, c"):
        load(path, output_name="digit")
    model, other = load(path, output_name="classes"), load(path, output_name="features")
    assert (model.spec.output, other.spec.output) == ("probabilities", "logits")
    red = np.zeros((8, 8, 3), np.uint8) + np.array([200, 60, 10], np.uint8)
    assert model.predict(red).label == "red"
    assert model.predict(red).confidence == pytest.approx(
        np.exp(200 / 255) / np.exp([200 / 255, 60 / 255, 10 / 255]).sum()
    )


def test_a_stamped_file_keeps_the_output_that_is_named(tmp_path):
    path = graph(tmp_path / "m.onnx", *TWO, outputs=("features", "classes"))
    call = ["stamp", str(path), "--labels", "red,green,blue", "--scale", "1/255"]
    asked = CliRunner().invoke(main, call)
    assert (asked.exit_code, asked.stderr.count("\n")) == (2, 1)
    assert "say which with --output-name: features (n, 3), classes (n, 3)" in asked.stderr
    assert CliRunner().invoke(main, [*call, "--output-name", "classes"]).exit_code == 0
    assert [output.name for output in onnx.load(path).graph.output] == ["classes"]
    assert load_model(path).spec.output == "probabilities"
    assert CliRunner().invoke(main, ["verify", str(path)]).exit_code == 0


def test_all_that_is_missing_is_asked_for_at_once(tmp_path):
    path = graph(tmp_path / "m.onnx", *TWO, outputs=("features", "classes"))
    with pytest.raises(UsageError, match=r"--output-name: .*; .* say --scale .*; .* add --labels"):
        load_model(path, said=Said())


def test_a_head_is_said_by_a_flag(tmp_path, make_image):
    path = graph(tmp_path / "m.onnx", *HEADS["features"][0])
    call = ["predict", str(make_image("x.png", "green")), "-m", str(path), "--labels", "red,green,blue", "--scale", "1"]
    asked = CliRunner().invoke(main, call)
    assert (asked.exit_code, asked.stdout, asked.stderr.count("\n")) == (2, "", 1)
    answered = CliRunner().invoke(main, [*call, "--head", "logits", "--format", "csv"])
    assert (answered.exit_code, "green" in answered.stdout) == (0, True)
