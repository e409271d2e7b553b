from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from small_cnn import SMALL_SPEC, colour_images, run_graph, save_small, small_graph, trained_graph, write_class_folders

from cnnkit.errors import ModelError, OutputError, SpecError
from cnnkit.export import QuantizeOptions, quantize_model
from cnnkit.export.graph.graphs import load_graph
from cnnkit.export.quantization.integers import Quantizer, head_nodes
from cnnkit.export.quantization.schemes import Scheme
from cnnkit.runtime.onnx import OnnxClassifier, read_spec_of
from cnnkit.spec import Quantization
from cnnkit.system.files import sha256

PER_CHANNEL = (("Mul", [1 / 58, 1 / 57, 1 / 57]), ("Add", [-2.1, -2.0, -1.8]))


SAFE = Scheme("u8s8-7bit", bits=7)


def quantize_graph(path, images, folder, scheme=SAFE, **options):
    folder.mkdir(exist_ok=True)
    return Quantizer(path, images, SMALL_SPEC.input, folder, **options).quantize(scheme)


def operators(model) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def optimized(path, tmp_path) -> Counter[str]:
    """The operators that onnxruntime really runs."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.log_severity_level = 4
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return operators(load_graph(tmp_path / "optimized.onnx"))


def test_answers_of_the_float_model(small_model, quantized):
    images, targets = colour_images(30, seed=5)
    floating, integers = (OnnxClassifier(path).probabilities(images) for path in (small_model, quantized.path))
    assert (floating.argmax(axis=1) == targets).mean() > 0.9
    assert (floating.argmax(axis=1) == integers.argmax(axis=1)).mean() > 0.95
    assert np.abs(floating - integers).max() < 0.1
    np.testing.assert_allclose(integers.sum(axis=1), 1, atol=1e-6)


def test_every_convolution_runs_in_integers_and_reads_the_image_itself(quantized, tmp_path):
    import onnx

    onnx.checker.check_model(load_graph(quantized.path))
    run = optimized(quantized.path, tmp_path)
    assert (run["QLinearConv"], run["QLinearAdd"], run["Conv"]) == (4, 1, 0)
    assert (run["Gemm"], run["Softmax"]) == (1, 1)
    assert not {"Cast", "Mul", "QuantizeLinear"} & set(run)


def test_feeding_bytes_changes_no_answer_and_saves_four_nodes(small_model, tmp_path):
    images = colour_images(20, seed=1)[0]
    direct = quantize_graph(small_model, images, tmp_path / "direct")
    plain = quantize_graph(small_model, images, tmp_path / "plain", bytes_as_input=False)
    saved = operators(plain) - operators(direct)
    assert saved == {"Cast": 1, "Mul": 1, "Add": 1, "QuantizeLinear": 1}
    np.testing.assert_allclose(run_graph(direct, images), run_graph(plain, images), atol=0.02)


def test_standardisation_by_channel_stays_in_float(tmp_path):
    path = save_small(tmp_path / "channels.onnx", trained_graph(PER_CHANNEL))
    images = colour_images(20, seed=1)[0]
    model = quantize_graph(path, images, tmp_path)
    first = next(node for node in model.graph.node if node.op_type == "QuantizeLinear")
    made_by = {name: node.op_type for node in model.graph.node for name in node.output}
    assert made_by[first.input[0]] in ("Transpose", "Add")
    floating = run_graph(load_graph(path), images)
    assert np.abs(run_graph(model, images) - floating).max() < 0.1


@pytest.mark.parametrize("method", ["entropy", "percentile"])
def test_other_calibration_methods(small_model, method, tmp_path, capsys):
    images = colour_images(8, seed=1)[0]
    model = quantize_graph(small_model, images, tmp_path, replace(SAFE, method=method))
    floating = run_graph(load_graph(small_model), images)
    assert (run_graph(model, images).argmax(axis=1) == floating.argmax(axis=1)).mean() > 0.8
    assert capsys.readouterr() == ("", "")


def test_weights_have_seven_bits(quantized):
    from onnx import numpy_helper

    weights = [
        numpy_helper.to_array(tensor)
        for tensor in load_graph(quantized.path).graph.initializer
        if tensor.name.endswith("_quantized") and len(tensor.dims) == 4
    ]
    assert len(weights) == 4
    for weight in weights:
        assert weight.dtype == np.int8
        assert max(abs(int(weight.min())), int(weight.max())) <= 64


def test_the_spec_says_how_and_at_what_cost(small_model, quantized, colours):
    spec, before = read_spec_of(quantized.path), read_spec_of(small_model)
    record = spec.quantization
    assert spec == quantized.spec
    assert (spec.labels, spec.input, spec.golden) == (before.labels, before.input, before.golden)
    assert record.scheme.startswith("static QDQ, U8 activations, S8 weights per channel in 7 bits")
    assert (record.calibration_images, len(record.calibration_fingerprint)) == (48, 64)
    figures = record.evaluation
    assert figures["images"] == 72
    assert figures["drop"] == pytest.approx(figures["top1_float"] - figures["top1"])
    assert figures["drop_low"] <= figures["drop"] <= figures["drop_high"]
    assert figures["agreement"] > 0.95
    assert record.latency["ratio"] == pytest.approx(record.latency["int8_ms"] / record.latency["float32_ms"])
    assert record.cpu


def test_agreement_alone_where_labels_are_not_known(small_model, colours, tmp_path):
    flat = tmp_path / "flat"
    flat.mkdir()
    for index, path in enumerate(sorted(write_class_folders(tmp_path / "other", 3, seed=4).rglob("*.png"))):
        path.rename(flat / f"{index}.png")
    out = tmp_path / "out.onnx"
    options = QuantizeOptions(small_model, colours, out, flat, calibration_size=40, threads=1, scheme="u8s8-7bit")
    report = quantize_model(options)
    assert set(report.spec.quantization.evaluation) == {"images", "agreement", "min_agreement", "difference_ceiling"}
    assert (report.effect.images, report.effect.top1) == (9, None)


def test_the_head_reaches_back_to_the_last_dense_layer():
    assert [name.rstrip("0123456789") for name in head_nodes(trained_graph())] == ["output", "softmax", "gemm"]


def test_without_a_dense_layer_the_head_ends_before_the_pooling():
    assert [name.rstrip("0123456789") for name in head_nodes(small_graph())] == ["output", "flatten"]


def refused(path, tmp_path, error, message, **changes):
    options = QuantizeOptions(path, changes.pop("calibration", tmp_path), tmp_path / "out.onnx", **changes)
    with pytest.raises(error, match=message):
        quantize_model(options)
    assert not (tmp_path / "out.onnx").exists()
    assert not list(tmp_path.glob(".cnnkit-*"))


def test_a_quantized_model_is_refused(quantized, tmp_path):
    refused(quantized.path, tmp_path, ModelError, "is quantized already, expected the float32 model")


def test_a_spec_that_says_quantized_is_enough(tmp_path):
    record = Quantization("dynamic", 1, "0", "some CPU")
    path = save_small(tmp_path / "said.onnx", trained_graph(), quantization=record)
    refused(path, tmp_path, ModelError, "is quantized already")


def test_a_model_without_a_spec_is_refused(tmp_path):
    path = tmp_path / "bare.onnx"
    path.write_bytes(trained_graph().SerializeToString())
    refused(path, tmp_path, SpecError, "carries no model spec")


@pytest.mark.parametrize("content", [b"", b"no model"], ids=["empty", "text"])
def test_what_is_no_model_is_refused(tmp_path, content):
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    refused(path, tmp_path, ModelError, "ONNX model")


def test_nothing_to_quantize(make_model, tmp_path, colours):
    spec = replace(SMALL_SPEC, input=replace(SMALL_SPEC.input, height=8, width=8))
    path = make_model("means.onnx", spec=spec)
    refused(path, tmp_path, ModelError, "holds nothing that can be quantized", calibration=colours)


def test_an_existing_output_stays(small_model, colours, tmp_path):
    path = tmp_path / "out.onnx"
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match="exists already: name another file, or pass --overwrite to replace it"):
        quantize_model(QuantizeOptions(small_model, colours, path))
    assert path.read_bytes() == b"old"


def test_same_seed_same_graph(small_model, colours, quantized, tmp_path):
    out = tmp_path / "again.onnx"
    options = QuantizeOptions(small_model, colours, out, calibration_size=48, threads=1, scheme="u8s8-7bit")
    again = load_graph(quantize_model(options).path)
    assert again.graph == load_graph(quantized.path).graph
    assert sha256(small_model) == sha256(options.model)


def test_weights_outside_the_file_are_not_read(make_model, tmp_path):
    path = make_model("outside.onnx", external="weights.bin")
    refused(path, tmp_path, ModelError, "keeps its weights in other files, expected them inside")
