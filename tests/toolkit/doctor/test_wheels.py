from __future__ import annotations

from dataclasses import replace

import pytest

from cnnkit.doctor.wheels import WheelFacts, describe_wheel, wheel_advice, wheel_facts
from cnnkit.system.packages import Package

BOTH = "onnxruntime 1.31.1 and onnxruntime-openvino 1.24.1 are installed over each other, in one folder"
EXCHANGE = "pip uninstall -y onnxruntime; pip install onnxruntime-"
OPENVINO = WheelFacts("onnxruntime-openvino", ("openvino",), None, None, f"{EXCHANGE}openvino")
GPU = WheelFacts("onnxruntime-gpu", ("cuda", "tensorrt"), None, None, f"{EXCHANGE}gpu")
DIRECTML = WheelFacts("onnxruntime-directml", ("directml",), None, "it is for Windows", f"{EXCHANGE}directml")
WHEELS = (OPENVINO, GPU, DIRECTML)


def advice(wheels=WHEELS, providers=("cpu",), overlaid=None, nvidia_driver=False):
    return list(wheel_advice(wheels, providers, overlaid, nvidia_driver=nvidia_driver))


def test_a_wheel_that_fits_is_named_with_its_commands():
    (line,) = advice()
    assert line.startswith("provider openvino pays for INT8 files with signed activations (s8s8)")
    assert f"{OPENVINO.commands}; then cnnkit bench --provider cpu --provider openvino" in line


def test_no_word_of_wheels_that_do_not_fit():
    assert advice([replace(wheel, misfit="it is for others") for wheel in WHEELS], nvidia_driver=True) == []


def test_an_nvidia_driver_that_onnxruntime_cannot_use():
    assert advice((GPU,), nvidia_driver=True) == [
        f"provider cuda: there is an NVIDIA driver, and onnxruntime has no CUDA: {GPU.commands}"
    ]
    assert advice((GPU,)) == []


def test_a_provider_that_is_there_and_not_used():
    there = (replace(OPENVINO, version="1.24.1"),)
    assert advice(there, ("cpu", "openvino")) == [
        "provider openvino is there, and used with --provider openvino alone; "
        "cnnkit bench --provider cpu --provider openvino measures whether it pays"
    ]


def test_wheels_over_each_other_come_first():
    there = replace(OPENVINO, version="1.24.1")
    assert advice((there, GPU), overlaid=BOTH, nvidia_driver=True) == [f"{BOTH}: keep one, {there.commands}"]


@pytest.mark.parametrize(
    ("wheel", "said"),
    [
        pytest.param(OPENVINO, "onnxruntime-openvino fits, not installed", id="fits"),
        pytest.param(DIRECTML, "onnxruntime-directml does not fit", id="does not"),
        pytest.param(replace(GPU, version="1.31.1"), "onnxruntime-gpu 1.31.1 installed", id="installed"),
    ],
)
def test_a_wheel_in_a_few_words(wheel, said):
    assert describe_wheel(wheel) == said


def test_facts_come_from_the_metadata(monkeypatch):
    monkeypatch.setattr(Package, "all_installed", lambda _: [("onnxruntime-gpu", "1.31.1")])
    versions = {wheel.name: wheel.version for wheel in wheel_facts()}
    assert versions == {"onnxruntime-openvino": None, "onnxruntime-gpu": "1.31.1", "onnxruntime-directml": None}
    assert wheel_facts()[0].commands == "pip uninstall -y onnxruntime-gpu; pip install onnxruntime-openvino"
