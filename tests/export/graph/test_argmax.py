from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper
from small_cnn import SMALL_SPEC, colour_images, run_graph, trained_graph

from cnnkit.cli import main
from cnnkit.export.graph.argmax import without_argmax
from cnnkit.runtime.onnx import OnnxClassifier

LABELS = ",".join(SMALL_SPEC.labels)
ENDS = {
    "alone": [("ArgMax", {"axis": 1, "keepdims": 0})],
    "kept and cast": [("ArgMax", {"axis": 1, "keepdims": 1}), ("Cast", {"to": TensorProto.INT32})],
    "named": [("ArgMax", {"axis": 1, "keepdims": 0}), ("Identity", {})],
}


def ended(name):
    model = trained_graph()
    for index, (operator, attributes) in enumerate(ENDS[name]):
        before = model.graph.node[-1].output[0]
        model.graph.node.append(helper.make_node(operator, [before], [f"number{index}"], **attributes))
    kind = TensorProto.INT32 if "Cast" in dict(ENDS[name]) else TensorProto.INT64
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info(model.graph.node[-1].output[0], kind, None))
    return model


@pytest.mark.parametrize("name", ENDS)
def test_what_it_takes_is_given(name, tmp_path, make_image):
    model, path, run = ended(name), tmp_path / "net.onnx", CliRunner()
    path.write_bytes(model.SerializeToString())
    asked = run.invoke(main, ["predict", str(make_image("a.png")), "-m", str(path), "--labels", LABELS])
    assert (asked.exit_code, "ends in ArgMax, which gives the number of a class" in asked.stderr) == (1, True)
    assert run.invoke(main, ["stamp", str(path), "--labels", LABELS]).exit_code == 0
    images, _ = colour_images(10)
    np.testing.assert_array_equal(OnnxClassifier(path).probabilities(images), run_graph(trained_graph(), images))


def test_others_are_left():
    model = trained_graph()
    before = model.SerializeToString()
    assert not without_argmax(model)
    assert model.SerializeToString() == before
