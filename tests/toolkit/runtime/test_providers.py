from __future__ import annotations

from dataclasses import replace

import pytest

import cnnkit.runtime.providers
from cnnkit.errors import UsageError
from cnnkit.runtime.providers import WHEELS, Here, exchange, overlaid, require_provider, short_names
from cnnkit.system.packages import Package

CPU = ["AzureExecutionProvider", "CPUExecutionProvider"]
LINUX = Here("Linux", "x86_64", (3, 11))
OPENVINO, GPU, DIRECTML = WHEELS


@pytest.fixture
def here(monkeypatch):
    """Puts a system and the installed distributions of onnxruntime in the place of those here."""

    def put(system: Here = LINUX, **installed: str) -> None:
        names = {name.replace("_", "-"): version for name, version in installed.items()}
        monkeypatch.setattr(cnnkit.runtime.providers, "this_system", lambda: system)
        monkeypatch.setattr(Package, "all_installed", lambda _: list(names.items()))

    return put


@pytest.mark.parametrize("asked", ["openvino", "OpenVINO"])
def test_a_provider_that_is_there(asked):
    assert require_provider(asked, ["OpenVINOExecutionProvider", *CPU]) == "OpenVINOExecutionProvider"


def test_short_names_are_those_that_commands_take():
    assert short_names(["OpenVINOExecutionProvider", *CPU]) == ["cpu", "openvino"]


@pytest.mark.parametrize(
    ("asked", "system", "installed", "said"),
    [
        pytest.param(
            "openvino", LINUX, {"onnxruntime": "1.31.1"},
            "provider 'openvino' is not in this onnxruntime, expected the wheel onnxruntime-openvino: "
            "pip uninstall -y onnxruntime; pip install onnxruntime-openvino", id="wheel is missing",
        ),
        pytest.param(
            "cuda", LINUX, {},
            "provider 'cuda' is not in this onnxruntime, expected the wheel onnxruntime-gpu: "
            "pip install onnxruntime-gpu", id="onnxruntime without metadata",
        ),
        pytest.param(
            "OpenVINO", Here("Darwin", "arm64", (3, 12)), {"onnxruntime": "1.31.1"},
            "provider 'OpenVINO' is not in this onnxruntime, and its wheel onnxruntime-openvino does not fit: "
            "it is for Linux and Windows on x86-64 with Python up to 3.13, this is macOS on arm64 with Python 3.12; "
            "expected auto or one of those available here: cpu", id="macOS",
        ),
        pytest.param(
            "openvino", LINUX, {"onnxruntime": "1.31.1", "onnxruntime_openvino": "1.24.1"},
            "provider 'openvino' is not in this onnxruntime: onnxruntime 1.31.1 and onnxruntime-openvino 1.24.1 are "
            "installed over each other, in one folder, expected onnxruntime-openvino alone: "
            "pip uninstall -y onnxruntime onnxruntime-openvino; pip install onnxruntime-openvino", id="both wheels",
        ),
        pytest.param(
            "qnn", LINUX, {"onnxruntime": "1.31.1"},
            "provider 'qnn' is not in this onnxruntime, expected auto or one of those available here: cpu",
            id="no wheel known",
        ),
        pytest.param(
            "opnevino", LINUX, {"onnxruntime": "1.31.1"},
            "provider 'opnevino' is not known, expected auto or one of those available here: cpu", id="unknown",
        ),
    ],
)  # fmt: skip
def test_a_provider_that_is_not_there(here, asked, system, installed, said):
    here(system, **installed)
    with pytest.raises(UsageError) as caught:
        require_provider(asked, CPU)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("wheel", "change", "fits"),
    [
        pytest.param(OPENVINO, {}, True, id="Linux"),
        pytest.param(OPENVINO, {"system": "Windows", "architecture": "AMD64"}, True, id="Windows"),
        pytest.param(OPENVINO, {"architecture": "aarch64"}, False, id="ARM"),
        pytest.param(OPENVINO, {"python": (3, 14)}, False, id="newer Python"),
        pytest.param(GPU, {"python": (3, 14)}, True, id="GPU wheel for it"),
        pytest.param(DIRECTML, {}, False, id="DirectML on Linux"),
    ],
)
def test_what_a_wheel_fits(wheel, change, fits):
    assert (wheel.misfit(replace(LINUX, **change)) is None) is fits


def test_one_distribution_is_as_it_should_be(here):
    here(onnxruntime_openvino="1.24.1")
    assert overlaid() is None
    assert exchange("onnxruntime") == "pip uninstall -y onnxruntime-openvino; pip install onnxruntime"
