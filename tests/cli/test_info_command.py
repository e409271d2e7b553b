from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from tiny_keras import KERAS_SPEC, save_tiny_keras
from tiny_models import TINY_SPEC, tiny_spec

from cnnkit.cli import main
from cnnkit.runtime import import_keras
from cnnkit.spec import DatasetRecord, GraphFacts, Provenance, Quantization, read_spec, write_spec

FULL_SPEC = tiny_spec(
    graph=GraphFacts(parameters=78330, multiply_adds=12500000, opset=17, ir_version=8),
    provenance=Provenance(
        cnnkit_version="1.0.0",
        architecture="resnet8",
        seed=0,
        dataset=DatasetRecord("flowers", {"train": 1000, "test": 200}, "ab" * 32),
        metrics={"top1": 0.8437},
    ),
    quantization=Quantization(
        scheme="U8S8 per channel, reduced range",
        calibration_images=512,
        calibration_fingerprint="cd" * 32,
        cpu="Some CPU",
        evaluation={"drop": 0.0012, "agreement": 0.986, "images": 10000},
        latency={"p50_ms": 0.25},
    ),
)


def info(*arguments: object):
    return CliRunner().invoke(main, ["info", *map(str, arguments)])


def test_table(make_model, monkeypatch, tmp_path):
    size = make_model(spec=FULL_SPEC).stat().st_size
    golden = sum(len(image.png) for image in FULL_SPEC.golden)
    monkeypatch.chdir(tmp_path)
    result = info("tiny.onnx")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "field          value\n"
        f"file           tiny.onnx, {size:,} bytes\n"
        "input          image: uint8 (batch, 8, 8, 3)\n"
        "output         probabilities: float32 (batch, 3)\n"
        "opset          17 (IR version 8)\n"
        "parameters     78,330\n"
        "multiply-adds  12,500,000\n"
        "operators      5: 2 Cast, 1 ReduceMean, 1 Mul, 1 Softmax\n"
        "quantized      yes\n"
        "labels         3: red, green, blue\n"
        "image          8x8 rgb, squash, area interpolation\n"
        "scheme         U8S8 per channel, reduced range, calibrated on 512 images\n"
        "measured on    Some CPU\n"
        "evaluation     drop 0.12 %, agreement 98.60 %, images 10,000\n"
        "latency        p50_ms 0.25\n"
        "made by        cnnkit 1.0.0\n"
        "architecture   resnet8\n"
        "seed           0\n"
        "dataset        flowers: 1,000 train, 200 test images\n"
        "test metrics   top1 84.37 %\n"
        f"golden images  4, {golden:,} bytes\n"
        "tolerance      0.0001, 0 changed labels\n"
    )


def test_json(make_model):
    path = make_model(spec=FULL_SPEC)
    facts = json.loads(info(path, "--format", "json").stdout)
    assert read_spec(json.dumps(facts.pop("spec"))) == FULL_SPEC
    assert facts == {
        "inputs": [{"name": "image", "dtype": "uint8", "shape": ["batch", 8, 8, 3]}],
        "outputs": [{"name": "probabilities", "dtype": "float32", "shape": ["batch", 3]}],
        "opset": 17,
        "ir_version": 8,
        "parameters": 78330,
        "multiply_adds": 12500000,
        "operators": {"Cast": 2, "ReduceMean": 1, "Mul": 1, "Softmax": 1},
        "size_bytes": path.stat().st_size,
        "quantized": True,
        "layers": None,
    }


def test_layers_of_an_onnx_file(make_model):
    path = make_model(spec=replace(TINY_SPEC, golden=()))
    assert info(path, "--layers").stdout.partition("\n\n")[2] == (
        "layer         type        output     parameters  multiply-adds\n"
        "cast_0        Cast        8 x 8 x 3           0              0\n"
        "reducemean_1  ReduceMean  3                   0              0\n"
        "mul_2         Mul         3                   3              0\n"
        "softmax_3     Softmax     3                   0              0\n"
        "cast_4        Cast        3                   0              0\n"
        "total         5 layers                        3              0\n"
    )
    first = json.loads(info(path, "--layers", "--format", "json").stdout)["layers"][0]
    assert first == {"name": "cast_0", "type": "Cast", "output_shape": [8, 8, 3], "parameters": 0, "multiply_adds": 0}


def test_a_run_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    size = save_tiny_keras(tmp_path / "run" / "model.keras").stat().st_size
    (tmp_path / "run" / "spec.json").write_text(write_spec(replace(KERAS_SPEC, golden=())))
    result = info("run")
    facts, _, layers = result.stdout.partition("\n\n")
    assert result.exit_code == 0, result.stderr
    assert facts.splitlines()[1] == f"file           run/model.keras, {size:,} bytes"
    assert "labels         3: red, green, blue\n" in facts and "opset" not in facts and "quantized" not in facts
    kinds = [line.split()[1] for line in layers.splitlines()[1:]]
    assert kinds == ["Rescaling", "GlobalAveragePooling2D", "Softmax", "3"]
    assert layers.splitlines()[-1].split() == ["total", "3", "layers", "0", "0"]


@pytest.mark.parametrize("name", ["tiny.h5", "tiny"], ids=["h5", "SavedModel"])
def test_other_files_of_keras(tmp_path, name):
    path = tmp_path / name
    if name == "tiny":
        import_keras("a test").saving.load_model(save_tiny_keras(tmp_path / "tiny.keras")).export(path, verbose=False)
    else:
        save_tiny_keras(path)
    result = info(path, "--format", "json")
    facts = json.loads(result.stdout)
    assert (len(facts["outputs"]), facts["outputs"][0]["shape"]) == (1, [None, 3])
    assert facts["layers"][-1]["output_shape"] == [3] and facts["size_bytes"] > 1000


@pytest.mark.parametrize("flags", [(), ("--no-layers",)], ids=["as it comes", "--no-layers"])
def test_a_keras_file_alone(tmp_path, flags):
    path = save_tiny_keras(tmp_path / "tiny.keras")
    facts = json.loads(info(path, *flags, "--format", "json").stdout)
    assert (facts["spec"], facts["opset"], facts["operators"], facts["multiply_adds"]) == (None, None, None, 0)
    assert facts["inputs"][0]["shape"] == [None, 8, 8, 3]
    assert (facts["layers"] is None) == bool(flags)
    assert ("spec           none lies beside it" in info(path, *flags).stdout) and ("total" in info(path).stdout)


@pytest.mark.parametrize(
    ("name", "flags", "code", "message"),
    [
        pytest.param("tiny.keras", ("--size", "8x8"), 2, "is a Keras file, and --size is for .onnx files", id="size"),
        pytest.param("", (), 1, "holds no model.keras, expected a run folder, a SavedModel, or", id="no run"),
        pytest.param("none.keras", (), 1, "no such file, expected a Keras model", id="missing"),
    ],
)
def test_keras_files_that_cannot_be_shown(tmp_path, name, flags, code, message):
    if name == "tiny.keras":
        save_tiny_keras(tmp_path / name)
    result = info(tmp_path / name, *flags)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr and len(result.stderr.splitlines()) == 1


def test_file_without_a_spec(make_model):
    path = make_model(spec=None, opset=15)
    facts = json.loads(info(path, "--format", "json").stdout)
    unknown = {key for key, value in facts.items() if value is None}
    assert unknown == {"spec", "layers"}
    assert (facts["parameters"], facts["multiply_adds"]) == (3, 0)
    assert (facts["opset"], facts["ir_version"], facts["quantized"]) == (15, 8, False)
    table = info(path).stdout
    assert "parameters     3\n" in table
    assert "spec           none: cnnkit export writes labels and scaling into the file\n" in table


def _quantized_graph(operator: str) -> bytes:
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    constants = [
        numpy_helper.from_array(np.float32(0.1), "scale"),
        numpy_helper.from_array(np.uint8(0), "zero"),
    ]
    taken, given = ("FLOAT", "UINT8") if operator == "QuantizeLinear" else ("UINT8", "FLOAT")
    graph = helper.make_graph(
        [helper.make_node(operator, ["x", "scale", "zero"], ["y"])],
        "quantized",
        [helper.make_tensor_value_info("x", getattr(TensorProto, taken), [None, 4])],
        [helper.make_tensor_value_info("y", getattr(TensorProto, given), [None, 4])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


@pytest.mark.parametrize(("operator", "quantized"), [("QuantizeLinear", True), ("DequantizeLinear", False)])
def test_quantized_file_without_a_spec(tmp_path, operator, quantized):
    path = tmp_path / "foreign.onnx"
    path.write_bytes(_quantized_graph(operator))
    facts = json.loads(info(path, "--format", "json").stdout)
    assert facts["quantized"] is quantized
    assert facts["inputs"][0]["shape"] == [None, 4]
    assert "(?, 4)" in info(path).stdout


def test_names_that_nobody_writes_are_cut(tmp_path):
    from onnx import TensorProto, helper

    name, width = "n" * 5000, "w" * 5000
    given, taken = (helper.make_tensor_value_info(text, TensorProto.FLOAT, [1, width]) for text in (f"y{name}", name))
    graph = helper.make_graph([helper.make_node("Relu", [name], [f"y{name}"], name=name)], "g", [taken], [given])
    path = tmp_path / "long.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())
    table = info(path, "--layers").stdout
    assert f"{'n' * 200}... (5,000 characters): float32 (1, {'w' * 200}... (5,000 characters))" in table
    assert max(map(len, table.splitlines())) < 520


def test_small_spec(make_model):
    table = info(make_model(spec=replace(TINY_SPEC, golden=()))).stdout
    assert "quantized      no\n" in table
    assert "golden images  none\n" in table
    assert "made by" not in table


def test_default_is_the_bundled_model(models_folder, tiny_model):
    (models_folder / "net.int8.onnx").write_bytes(tiny_model.read_bytes())
    assert "net.int8.onnx" in info().stdout


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(None, "there is no model file", id="missing"),
        pytest.param(b"garbage", "is no ONNX model, or is damaged", id="garbage"),
    ],
)
def test_bad_file(tmp_path, data, message):
    path = tmp_path / "bad.onnx"
    if data is not None:
        path.write_bytes(data)
    result = info(path, "--format", "json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
