from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner
from small_cnn import SMALL_SPEC, colour_images, run_graph, small_graph, trained_graph

from cnnkit.cli import main
from cnnkit.errors import ModelError, OutputError, UsageError
from cnnkit.export import StampOptions, stamp_model
from cnnkit.export.graph.graphs import load_graph
from cnnkit.foreign import InputFlags, Said
from cnnkit.runtime.golden import check_golden
from cnnkit.runtime.onnx import OnnxClassifier, read_spec_of

LABELS = ",".join(SMALL_SPEC.labels)


def nchw_model(size: object = 8, *, softmax: bool = False, dtype: str = "FLOAT"):
    """A model without a spec: (batch, 3, size, size) float -> the means of the channels, or their softmax."""
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["means"]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("Softmax" if softmax else "Identity", ["flat"], ["out"]),
    ]
    graph = helper.make_graph(
        nodes,
        "means",
        [helper.make_tensor_value_info("image", getattr(TensorProto, dtype), ["n", 3, size, size])],
        [helper.make_tensor_value_info("out", getattr(TensorProto, dtype), ["n", 3])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def save(path, model):
    path.write_bytes(model.SerializeToString())
    return path


def stamp(path, labels=LABELS, output=None, **flags):
    return stamp_model(StampOptions(path, output or path, Said(labels, InputFlags(**flags))))


def test_bytes_and_probabilities(tmp_path):
    path = save(tmp_path / "bare.onnx", trained_graph())
    before = load_graph(path).graph
    facts = stamp(path)
    assert facts.spec == read_spec_of(path)
    assert (facts.spec.labels, facts.spec.input, facts.spec.output) == (
        SMALL_SPEC.labels,
        SMALL_SPEC.input,
        "probabilities",
    )
    assert load_graph(path).graph == before
    images, targets = colour_images(10)
    model = OnnxClassifier(path)
    assert (model.probabilities(images).argmax(axis=1) == targets).mean() > 0.9
    assert len(facts.spec.golden) == 16
    assert check_golden(model, model.spec).passed


def test_floats_channels_first_and_logits(tmp_path):
    path = save(tmp_path / "bare.onnx", nchw_model())
    facts = stamp(path, scale=1 / 255, mean=(0.5,), std=(0.25, 0.5, 1.0), color="bgr", resize="crop")
    taken = facts.spec.input
    assert (taken.layout, taken.dtype, taken.color, taken.resize) == ("nchw", "float32", "bgr", "crop")
    assert (taken.mean, taken.std, facts.spec.output) == ((0.5,) * 3, (0.25, 0.5, 1.0), "logits")
    images = colour_images(4)[0][:, :8, :8]
    tensor = ((images / 255 - 0.5) / [0.25, 0.5, 1.0]).astype(np.float32).transpose(0, 3, 1, 2)
    logits = run_graph(load_graph(path), np.ascontiguousarray(tensor))
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(OnnxClassifier(path).probabilities(images), expected, atol=1e-5)


def test_any_size_needs_to_be_said(tmp_path):
    path = save(tmp_path / "bare.onnx", nchw_model("side", softmax=True))
    facts = stamp(path, scale=1.0, size=(8, 12))
    assert (facts.spec.input.height, facts.spec.input.width, facts.spec.output) == (8, 12, "probabilities")


def test_another_file(tmp_path):
    path = save(tmp_path / "bare.onnx", trained_graph())
    before = path.read_bytes()
    stamp(path, output=tmp_path / "stamped.onnx")
    assert path.read_bytes() == before
    with pytest.raises(OutputError, match="exists already"):
        stamp(path, output=tmp_path / "stamped.onnx")


@pytest.mark.parametrize(
    ("model", "labels", "flags", "error", "message"),
    [
        pytest.param(trained_graph, None, {}, UsageError, "does not say its class names: add --labels", id="labels"),
        pytest.param(trained_graph, "a,b", {}, UsageError, "gives 3 numbers an image and there are 2", id="count"),
        pytest.param(trained_graph, LABELS, {"scale": 1.0}, UsageError, "takes uint8 pixels as they are", id="bytes"),
        pytest.param(trained_graph, LABELS, {"color": "gray"}, UsageError, "takes 3 channels", id="gray"),
        pytest.param(trained_graph, LABELS, {"size": (9, 9)}, UsageError, "which takes 16x16", id="size"),
        pytest.param(nchw_model, LABELS, {}, UsageError, "say --scale .1/255 for inputs from 0 to 1", id="scaling"),
        pytest.param(nchw_model, LABELS, {"scale": 1.0, "std": (1, 2)}, UsageError, "expected 1 or 3", id="std"),
        pytest.param(lambda: nchw_model("side"), LABELS, {"scale": 1.0}, UsageError, "add --size", id="any size"),
        pytest.param(lambda: nchw_model(3), LABELS, {"scale": 1.0}, UsageError, "say --layout nchw for", id="layout"),
        pytest.param(small_graph, "a,b,c,d,e,f,g,h", {}, None, "", id="features are logits"),
    ],
)
def test_what_is_not_settled_is_asked_for(tmp_path, model, labels, flags, error, message):
    path = save(tmp_path / "bare.onnx", model())
    before = path.read_bytes()
    if error is None:
        assert stamp(path, labels, **flags).spec.output == "logits"
        return
    with pytest.raises(error, match=message):
        stamp(path, labels, **flags)
    assert path.read_bytes() == before


@pytest.mark.parametrize("shape", [["n", 3, 1, 1], ["n", 1, 3], [1, 3, 1, 1], ["n", "k"], ["n", "k", "h", "w"]])
def test_outputs_of_other_shapes(tmp_path, shape):
    from onnx import numpy_helper

    model = nchw_model()
    if len(shape) == 2:
        expected = ["n", 3]
    else:
        expected = [
            -1,
            *(size if isinstance(size, int) else one for size, one in zip(shape[1:], (3, 1, 1), strict=False)),
        ]
        model.graph.initializer.append(numpy_helper.from_array(np.array(expected), "wanted"))
        model.graph.node[-1].op_type = "Reshape"
        model.graph.node[-1].input.append("wanted")
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "n"
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    for size in shape:
        named = {"dim_value": size} if isinstance(size, int) else {"dim_param": size}
        model.graph.output[0].type.tensor_type.shape.dim.add(**named)
    if shape[0] == 1:
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    path = save(tmp_path / "bare.onnx", model)
    assert stamp(path, scale=1.0).spec.output == "logits"
    images = colour_images(2)[0][:, :8, :8]
    means = images.mean(axis=(1, 2))
    expected = np.exp(means - means.max(axis=1, keepdims=True))
    answers = OnnxClassifier(path).probabilities(images)
    np.testing.assert_allclose(answers, expected / expected.sum(axis=1, keepdims=True), atol=1e-4)
    assert check_golden(OnnxClassifier(path), read_spec_of(path)).passed


@pytest.mark.parametrize(
    ("dims", "flags", "expected"),
    [
        (("n", "c", "h", "w"), {"layout": "nchw", "size": (8, 8)}, ("nchw", 3)),
        (("n", "c", "h", "w"), {"layout": "nchw", "size": (8, 8), "color": "gray"}, ("nchw", 1)),
        (("n", "c", "h", "w"), {"size": (8, 8)}, "does not show where its channels are: say --layout nchw"),
        (("n", "c", 8, 8), {}, "does not show where its channels are"),
        (("n", "c", 8, 8), {"layout": "nhwc"}, r"--layout nhwc does not fit .*, which takes \(n, c, 8, 8\)"),
        (("n", 3, 3, 3), {"layout": "nchw"}, ("nchw", 3)),
        (("n", 4, 8, 8), {}, r"takes \(n, 4, 8, 8\), images of 4 channels, expected 3 \(colour\) or 1 \(gray\)"),
        (("n", 8, 8, 4), {}, "images of 4 channels"),
        (("n", 3, 8), {}, r"takes \(n, 3, 8\), expected \(batch, height"),
    ],
)
def test_where_the_channels_are(tmp_path, dims, flags, expected):
    model = nchw_model()
    shape = model.graph.input[0].type.tensor_type.shape
    del shape.dim[:]
    for size in dims:
        shape.dim.add(**({"dim_value": size} if isinstance(size, int) else {"dim_param": size}))
    if isinstance(expected, str):
        if len(dims) == 3:
            model.graph.node[0].op_type = "Identity"
        with pytest.raises((UsageError, ModelError), match=expected):
            stamp(save(tmp_path / "bare.onnx", model), scale=1.0, **flags)
        return
    if expected[1] == 1:
        model.graph.output[0].type.tensor_type.shape.dim[1].dim_param = "k"
        with pytest.raises(
            UsageError, match="gives one number an image, which tells two labels apart, and there are 3"
        ):
            stamp(save(tmp_path / "bare.onnx", model), scale=1.0, **flags)
        return
    taken = stamp(save(tmp_path / "bare.onnx", model), scale=1.0, **flags).spec.input
    assert (taken.layout, taken.channels) == expected


def test_weights_beside_the_file_are_taken_into_it(tmp_path):
    import onnx

    path = tmp_path / "outside.onnx"
    onnx.save(trained_graph(), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    images = colour_images(4)[0]
    stamp(path, output=tmp_path / "one.onnx")
    (tmp_path / "weights.bin").unlink()
    expected = run_graph(trained_graph(), images)
    np.testing.assert_allclose(OnnxClassifier(tmp_path / "one.onnx").probabilities(images), expected, atol=1e-6)


@pytest.mark.parametrize("opset", [7, 9, 11, 13, 18, 21, 22])
def test_files_of_every_age(tmp_path, opset):
    from onnx import TensorProto, helper

    model = nchw_model(softmax=True)
    model.opset_import[0].version = opset
    if opset < 9:  # weights are among the inputs, here before the image
        model.ir_version = 3
        for node in model.graph.node:
            node.name = ""
        model.graph.node[-1].input[0] = "scaled"
        model.graph.node.insert(2, helper.make_node("Mul", ["flat", "factor"], ["scaled"]))
        model.graph.initializer.append(helper.make_tensor("factor", TensorProto.FLOAT, [3], [1.0, 1.0, 1.0]))
        model.graph.input.insert(0, helper.make_tensor_value_info("factor", TensorProto.FLOAT, [3]))
    path = save(tmp_path / "old.onnx", model)
    assert stamp(path, scale=1 / 255).spec.output == "probabilities"
    assert check_golden(OnnxClassifier(path), read_spec_of(path)).passed


def test_a_graph_that_cannot_run_is_one_line(tmp_path):
    model = nchw_model("side", softmax=True)
    model.graph.node[0].op_type = "MaxPool"
    from onnx import helper

    model.graph.node[0].attribute.append(helper.make_attribute("kernel_shape", [5, 5]))
    path = save(tmp_path / "bare.onnx", model)
    call = ["stamp", str(path), "--labels", LABELS, "--scale", "1", "--size", "2x2"]
    result = CliRunner().invoke(main, call)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert len(result.stderr) < 500


def test_a_spec_is_not_replaced(small_model, tmp_path):
    with pytest.raises(ModelError, match="carries a spec already"):
        stamp(small_model, output=tmp_path / "o.onnx")


def test_answers_that_are_no_numbers(tmp_path):
    model = nchw_model()
    model.graph.node[-1].op_type = "Sqrt"  # of a mean that is negative for dark images
    path = save(tmp_path / "bare.onnx", model)
    before = path.read_bytes()
    with pytest.raises(ModelError, match="answers with what is no number, expected probabilities or logits"):
        stamp(path, scale=1.0, mean=(300.0,))
    assert path.read_bytes() == before


def test_the_command(tmp_path):
    path = save(tmp_path / "bare.onnx", nchw_model())
    result = CliRunner().invoke(main, ["stamp", str(path), "--labels", LABELS, "--scale", "1/255", "--mean", "0.5"])
    assert result.exit_code == 0, result.stderr
    assert "8x8" in result.stdout or "8 x 8" in result.stdout
    assert CliRunner().invoke(main, ["verify", str(path)]).exit_code == 0
    again = CliRunner().invoke(main, ["stamp", str(path), "--labels", LABELS, "--scale", "1/255"])
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr.startswith("cnnkit: error: ")


def _without_names():
    model = trained_graph()
    for node in model.graph.node:
        node.name = ""
    return model


def _weights_as_inputs():
    from onnx import helper

    model = trained_graph()
    model.ir_version = 3
    for tensor in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    return model


@pytest.mark.parametrize("make", [_without_names, _weights_as_inputs])
def test_old_graphs_go_the_whole_way(tmp_path, colours, make):
    path, run = save(tmp_path / "bare.onnx", make()), CliRunner()
    stamp(path)
    images, targets = colour_images(10)
    assert (OnnxClassifier(path).probabilities(images).argmax(axis=1) == targets).mean() > 0.9
    small = str(tmp_path / "small.onnx")
    call = ["quantize", str(path), "--calibration", str(colours), "-o", small, "--scheme", "u8s8-7bit"]
    done = run.invoke(main, [*call, "--calibration-size", "40", "--threads", "1"])
    assert done.exit_code == 0, done.output
    assert run.invoke(main, ["verify", small]).exit_code == 0
