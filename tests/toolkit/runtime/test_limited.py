"""A loop without an end, in a file from elsewhere."""

from __future__ import annotations

import time

import numpy as np
import pytest
from click.testing import CliRunner

from cnnkit.cli import main
from cnnkit.runtime import limited

onnx = pytest.importorskip("onnx")
WORDS = "it gives no answer within 0.5 s and was stopped: a loop in it may have no end"


@pytest.fixture
def endless(tmp_path):
    """The means of the channels, to which a loop adds 1 as long as yes is yes."""
    from onnx import TensorProto, helper, numpy_helper

    def value(name, kind, shape):
        return helper.make_tensor_value_info(name, kind, shape)

    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Add", ["x", "one"], ["y"])], "body",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("x", TensorProto.FLOAT, ["n", 3])],
        [value("on", TensorProto.BOOL, []), value("y", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(np.array(1, np.float32), "one")],
    )  # fmt: skip
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("Loop", ["", "yes", "means"], ["sums"], body=body),
        helper.make_node("Softmax", ["sums"], ["out"]),
    ]
    graph = helper.make_graph(
        nodes, "endless",
        [value("image", TensorProto.FLOAT, ["n", 3, 8, 8])], [value("out", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(np.array(True), "yes")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = tmp_path / "endless.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("command", ["predict", "stamp"])
def test_it_is_stopped(endless, make_image, monkeypatch, command):
    monkeypatch.setattr(limited, "TIME_LIMIT_S", 0.5)
    source = [str(make_image("a.png")), "-m"] if command == "predict" else []
    started = time.perf_counter()
    done = CliRunner().invoke(main, [command, *source, str(endless), "--labels", "a,b,c", "--scale", "1"])
    assert time.perf_counter() - started < 10
    assert (done.exit_code, done.stderr.count("\n"), WORDS in done.stderr) == (1, 1, True)
