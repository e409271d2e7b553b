from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import cnnkit.doctor.examining
from cnnkit.cli import main
from cnnkit.machine.tensorflow_probe import Gpu, TensorFlowFacts
from cnnkit.system.packages import Package


@pytest.fixture(autouse=True)
def _machine(monkeypatch, models_folder, tiny_model):
    """A machine with one GPU, no camera, and the tiny model as the bundled one."""
    facts = TensorFlowFacts("2.21.0", True, (Gpu("H200", (9, 0)),))
    monkeypatch.setattr(cnnkit.doctor.examining.examine, "__defaults__", (lambda: facts,))
    monkeypatch.setattr(cnnkit.doctor.examining, "cameras_present", lambda: ())
    tiny_model.rename(models_folder / "tiny.int8.onnx")


def doctor(*arguments: str):
    return CliRunner().invoke(main, ["doctor", *arguments])


def test_table():
    result = doctor()
    assert (result.exit_code, result.stderr) == (0, "")
    rows = dict(line.split("  ", 1) for line in result.stdout.partition("\n\n")[0].splitlines())
    assert rows["TensorFlow"].strip() == "2.21.0, with CUDA, GPUs: H200"
    assert rows["cameras"].strip() == "none found"
    assert rows["bundled model"].strip().startswith("tiny.int8.onnx: answers as its original did on 4 golden images")
    assert "- GPU: --mixed-precision pays, its tensor cores multiply 16-bit numbers" in result.stdout.splitlines()


def test_json():
    result = doctor("--format", "json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["schema_version"]) == (0, 1)
    assert report["tensorflow"]["gpus"] == [{"name": "H200", "compute_capability": [9, 0]}]
    assert report["bundled_model"]["passed"] is True
    assert set(report["extras"]) == {
        "base",
        "train",
        "export",
        "tensorboard",
        "litert",
        "openvino",
        "parquet",
        "pretrained",
        "page",
        "ray",
        "heif",
        "mqtt",
        "video",
    }
    assert report["machine"]["int8_dot_product"] in (True, False, None)
    assert report["advice"]


def test_wheels_over_each_other(monkeypatch):
    both = [("onnxruntime", "1.31.1"), ("onnxruntime-openvino", "1.24.1")]
    monkeypatch.setattr(Package, "all_installed", lambda _: both)
    result = doctor()
    assert "onnxruntime-openvino 1.24.1 installed" in result.stdout
    assert (
        "- onnxruntime 1.31.1 and onnxruntime-openvino 1.24.1 are installed over each other, in one folder: keep one, "
        "pip uninstall -y onnxruntime onnxruntime-openvino; pip install onnxruntime-openvino"
    ) in result.stdout.splitlines()
    report = json.loads(doctor("--format", "json").stdout)["onnxruntime"]
    assert [wheel["version"] for wheel in report["wheels"]] == ["1.24.1", None, None]
