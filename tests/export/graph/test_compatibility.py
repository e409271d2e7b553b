from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from small_keras import body, exported, random_images

from cnnkit.cli import main
from cnnkit.errors import ModelError, ParityError, UsageError
from cnnkit.export import ExportOptions, QuantizeOptions, export_model, exporting, quantize_model
from cnnkit.export.graph.compatibility import ir_version_for, opset_for
from cnnkit.export.quantization.float16 import to_float16
from cnnkit.runtime.golden import check_golden
from cnnkit.runtime.inspection import inspect_model
from cnnkit.runtime.onnx import OnnxClassifier, read_spec_of
from cnnkit.spec import ModelSpec

LOADS_EACH = """
import json, sys
import numpy, onnxruntime
assert onnxruntime.__version__ == sys.argv[1], onnxruntime.__version__
images = numpy.load(sys.argv[2])
answers = {}
for path in sys.argv[3:]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    answers[path] = session.run(None, {session.get_inputs()[0].name: images})[0].tolist()
print(json.dumps(answers))
"""


@pytest.fixture
def network(keras, networks):
    return networks("compatible.keras", keras.layers.Rescaling(1 / 64, offset=-121 / 64), *body(keras))


@pytest.mark.parametrize(
    ("version", "opset", "ir_version"),
    [
        ("1.7", 13, 7),
        ("1.8.1", 14, 7),
        ("1.10", 15, 7),
        ("1.11", 16, 8),
        ("1.12", 17, 8),
        ("1.16", 17, 8),
        ("2.0", 17, 8),
    ],
)
def test_versions_of_onnxruntime(version, opset, ir_version):
    assert opset_for(version) == opset
    assert ir_version_for(opset) == ir_version


@pytest.mark.parametrize("version", ["", "x", "1", "1.6", "1.16 ", "v1.16"])
def test_versions_that_cannot_be(version):
    with pytest.raises(UsageError, match="--min-ort"):
        opset_for(version)


def test_old_versions_do_not_read_the_own_format(network, tmp_path):
    with pytest.raises(UsageError, match=r"--min-ort 1\.15 does not read onnxruntime's own format as written here"):
        export_model(ExportOptions(network, tmp_path / "own.ort", "ant,bee,cat", min_ort="1.15"))


def test_an_older_opset_answers_the_same(network, tmp_path):
    import onnx

    new, old = tmp_path / "new", tmp_path / "old"
    new.mkdir(), old.mkdir()
    exported(network, new)
    report = exported(network, old, min_ort="1.7")
    model = onnx.load(report.path)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 13)]
    assert (model.ir_version, report.spec.graph.opset, report.spec.graph.ir_version) == (7, 13, 7)
    images = random_images()
    answers = [OnnxClassifier(folder / "out.onnx").probabilities(images) for folder in (new, old)]
    np.testing.assert_allclose(*answers, atol=1e-6)


def test_float16(network, tmp_path):
    import onnx

    report = exported(network, tmp_path, fp16=True)
    weights = {tensor.name: tensor.data_type for tensor in onnx.load(report.path).graph.initializer}
    assert weights["conv_1.weight"] == onnx.TensorProto.FLOAT16
    spec = read_spec_of(report.path)
    assert spec == report.spec
    assert spec.quantization.precision == "float16"
    assert 1e-3 <= spec.tolerance.max_probability_difference < 0.05
    assert 0 < report.parity.max_probability_difference < 0.05
    assert check_golden(OnnxClassifier(report.path), spec).passed


def test_float16_that_overflows_is_not_written(network, tmp_path, monkeypatch):
    from onnx import numpy_helper

    def overflowing(graph):
        half = to_float16(graph)
        weight = next(tensor for tensor in half.graph.initializer if tensor.name == "conv_1.weight")
        weight.CopyFrom(numpy_helper.from_array(np.full(weight.dims, np.inf, np.float16), weight.name))
        return half

    monkeypatch.setattr(exporting, "to_float16", overflowing)
    with pytest.raises(ParityError, match="no file was written"):
        exported(network, tmp_path, fp16=True)
    assert not (tmp_path / "out.onnx").exists()


def test_onnxruntimes_own_format(network, small_model, colours, tmp_path):
    report = export_model(ExportOptions(network, tmp_path / "own.ort", "ant,bee,cat"))
    plain = exported(network, tmp_path)
    images = random_images()
    answers = [OnnxClassifier(path).probabilities(images) for path in (report.path, plain.path)]
    np.testing.assert_allclose(*answers, atol=1e-5)
    facts = inspect_model(report.path)
    assert facts.spec == report.spec
    assert (facts.opset, facts.operators, facts.inputs[0].dtype) == (None, None, "uint8")
    with pytest.raises(ModelError, match=r"own\.ort is in onnxruntime's own format, expected the \.onnx file"):
        quantize_model(QuantizeOptions(report.path, colours, tmp_path / "never.onnx"))
    options = QuantizeOptions(small_model, colours, tmp_path / "int8.ort", calibration_size=48, scheme="u8s8-7bit")
    assert read_spec_of(quantize_model(options).path).quantization.precision == "int8"


def test_a_format_that_contradicts_the_name(network, tmp_path):
    arguments = ["export", str(network), "--format", "ort", "-o", str(tmp_path / "x.onnx")]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert "does not end in .ort" in done.stderr


@pytest.fixture(scope="module")
def old_python(tmp_path_factory):
    """Makes an environment with one version of onnxruntime, and numpy 1, which that one wants."""

    def make(version):
        folder = tmp_path_factory.mktemp(f"ort{version}")
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, f"onnxruntime=={version}", "numpy<2"], check=True)
        return folder / "bin" / "python"

    return make


@pytest.mark.slow
@pytest.mark.parametrize(("version", "min_ort"), [("1.16.3", "1.16"), ("1.15.0", "1.7"), ("1.18.0", "1.16")])
def test_all_files_run_on_old_versions(version, min_ort, old_python, network, colours, tmp_path):
    from cnnkit.export.quantization.candidates import Workshop
    from cnnkit.sources.calibration_images import read_calibration

    target = "any" if version < "1.18" else "avx2"
    report = exported(network, tmp_path, min_ort=min_ort)
    images = random_images()
    np.save(tmp_path / "images.npy", images)
    calibration = read_calibration(colours, 48, report.spec.input, 0)
    made, failed = Workshop(report.path, report.spec, calibration.images, target, tmp_path).make_all(None, None)
    assert {one.name for one in failed} <= {"u8s8-7bit-equalized"}  # which wants two convolutions in a row
    usable = [one for one in made if not (one.refused or "").startswith("needs onnxruntime")]
    assert len(usable) == len(made) - (target == "any")
    paths = {str(one.path): one for one in usable}
    if version >= "1.16":
        own = export_model(ExportOptions(network, tmp_path / "own.ort", "ant,bee,cat", min_ort=min_ort))
        paths[str(own.path)] = made[0]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [str(old_python(version)), "-c", LOADS_EACH, version, str(tmp_path / "images.npy"), *paths]
    answers = json.loads(subprocess.check_output(command, env=environment, cwd=tmp_path))
    for path, candidate in paths.items():
        here = OnnxClassifier(Path(path)).probabilities(images)
        allowed = 1e-5 if candidate.precision == "float32" else 0.05
        np.testing.assert_allclose(answers[path], here, atol=allowed, err_msg=candidate.name)
        assert isinstance(read_spec_of(Path(path)), ModelSpec)
