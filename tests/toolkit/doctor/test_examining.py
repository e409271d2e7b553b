from __future__ import annotations

from dataclasses import replace

import pytest

import cnnkit.doctor.examining
from cnnkit.doctor.advice import advise
from cnnkit.doctor.examining import BundledFacts, Examination, OnnxRuntimeFacts, OpenCVFacts, examine, parse_requirement
from cnnkit.machine.machine import Machine
from cnnkit.machine.tensorflow_probe import Gpu, TensorFlowFacts
from cnnkit.system import importing
from cnnkit.system.opencv import import_cv2

PLAIN_CPU = Machine("Test CPU", "x86_64", 2, 4, 8_000_000_000, ("avx2",), "Linux 6.1", "3.11.7", {"numpy": "2.0.0"})
HEALTHY = Examination(
    cnnkit="1.0",
    machine=PLAIN_CPU,
    extras={"": {"numpy": "2.0.0"}, "train": {"keras": "3.15.1"}},
    onnxruntime=OnnxRuntimeFacts(("CPUExecutionProvider",)),
    opencv=OpenCVFacts("QT5"),
    tensorflow=None,
    nvidia_driver=False,
    cameras=(),
    bundled_model=BundledFacts("resnet8.int8.onnx", 16, 0.01, True),
)
CPU_TENSORFLOW = TensorFlowFacts("2.21.0", False, ())


def with_sets(*sets: str) -> Machine:
    return replace(PLAIN_CPU, instruction_sets=sets)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("numpy>=1.26", ("numpy", ""), id="base"),
        pytest.param('keras-tuner>=1.4.7; extra == "train"', ("keras-tuner", "train"), id="extra"),
        pytest.param("cnnkit[train]; extra == 'export'", ("cnnkit", "export"), id="itself"),
    ],
)
def test_requirements(text, expected):
    assert parse_requirement(text) == expected


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        pytest.param({}, "INT8: this CPU has no 8-bit dot products", id="no VNNI"),
        pytest.param({"machine": with_sets("avx2", "avx512_vnni")}, "INT8: this CPU has 8-bit dot products", id="VNNI"),
        pytest.param(
            {"machine": replace(with_sets("neon", "dotprod"), architecture="aarch64")},
            "INT8: this CPU has 8-bit dot products (dotprod, i8mm), which",
            id="Arm",
        ),
        pytest.param(
            {"machine": replace(with_sets("neon"), architecture="aarch64")},
            "INT8: this CPU has no 8-bit dot products (dotprod, i8mm): quantized models gain less; cnnkit bench",
            id="Arm without them",
        ),
        pytest.param(
            {"machine": replace(PLAIN_CPU, emulated=True)},
            "this process is emulated: times measured here say nothing about any real processor; measure on one",
            id="emulated",
        ),
        pytest.param({"machine": with_sets()}, "INT8: this CPU's instruction sets are unknown", id="unknown CPU"),
        pytest.param(
            {"extras": {"export": {"onnx": None, "sympy": "1.14"}}},
            "(onnx missing): pip install 'cnnkit[export]'",
            id="extra",
        ),
        pytest.param({"tensorflow": CPU_TENSORFLOW}, "neither --mixed-precision nor XLA pays there", id="CPU training"),
        pytest.param(
            {"tensorflow": CPU_TENSORFLOW, "machine": with_sets("avx512_bf16")},
            "--mixed-precision may pay",
            id="bfloat16",
        ),
        pytest.param(
            {"tensorflow": CPU_TENSORFLOW, "nvidia_driver": True}, "pip install 'tensorflow[and-cuda]'", id="unused GPU"
        ),
        pytest.param(
            {"tensorflow": TensorFlowFacts("2.21.0", True, (Gpu("H200", (9, 0)),))},
            "--mixed-precision pays, its tensor cores",
            id="tensor cores",
        ),
        pytest.param(
            {"tensorflow": TensorFlowFacts("2.21.0", True, (Gpu("GTX 1080", (6, 1)),))},
            "not known for fast 16-bit products",
            id="old GPU",
        ),
        pytest.param(
            {"tensorflow": TensorFlowFacts(None, None, (), "no answer within 60 s")},
            "TensorFlow is installed but cannot be used (no answer within 60 s)",
            id="broken TensorFlow",
        ),
        pytest.param({"opencv": OpenCVFacts("QT5", window="no display")}, "webcam: no display", id="no display"),
        pytest.param({"opencv": OpenCVFacts(error="OpenCV cannot start")}, "OpenCV cannot start", id="broken OpenCV"),
        pytest.param({"onnxruntime": OnnxRuntimeFacts(error="no DLL")}, "no DLL", id="onnxruntime"),
        pytest.param(
            {"opencv": OpenCVFacts(error="no DLL"), "bundled_model": BundledFacts(error="no DLL")},
            "the bundled model cannot be checked for the same reason",
            id="one reason for both",
        ),
        pytest.param(
            {"bundled_model": BundledFacts("a.onnx", 16, 0.5, False)}, "answers differently here", id="golden images"
        ),
        pytest.param({"bundled_model": BundledFacts(error="none")}, "cannot be checked: none", id="no bundled model"),
    ],
)
def test_advice(change, advice):
    assert any(advice in line for line in advise(replace(HEALTHY, **change)))


def test_a_healthy_machine_without_tensorflow_hears_of_int8_alone():
    assert len(advise(HEALTHY)) == 1


def test_this_machine():
    found = examine(probe=lambda: None)
    assert "CPUExecutionProvider" in found.onnxruntime.providers
    assert found.opencv.error is None
    assert found.extras[""]["numpy"] is not None
    assert "cnnkit" not in found.extras["export"]


def test_broken_packages_are_findings(monkeypatch, models_folder):
    monkeypatch.setattr(importing, "_broken", {"onnxruntime": "libfoo.so is missing", "cv2": "OpenCV is broken"})
    import_cv2.cache_clear()
    found = examine(probe=lambda: None)
    assert found.onnxruntime.error == "libfoo.so is missing"
    assert found.opencv.error == "OpenCV is broken"
    assert "0 bundled models" in found.bundled_model.error


def test_bundled_model_is_checked(models_folder, tiny_model):
    tiny_model.rename(models_folder / "tiny.int8.onnx")
    bundled = examine(probe=lambda: None).bundled_model
    assert (bundled.name, bundled.images, bundled.passed, bundled.error) == ("tiny.int8.onnx", 4, True, None)


def test_an_equivalent_distribution_counts(monkeypatch):
    monkeypatch.setattr(
        cnnkit.doctor.examining, "requires", lambda name: ['tensorflow>=2.18; extra == "train"', "absent-thing"]
    )
    monkeypatch.setattr(cnnkit.doctor.examining, "package_version", {"tensorflow-cpu": "2.21.0"}.get)
    assert cnnkit.doctor.examining.installed_extras() == {"train": {"tensorflow": "2.21.0"}, "": {"absent-thing": None}}
