"""Execution providers of ONNX Runtime: what they are called, and which wheels bring those that the usual one lacks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from cnnkit.errors import UsageError
from cnnkit.system import ONNXRUNTIME

# The flag's name -> onnxruntime's name.
PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "nvtensorrtrtx": "NvTensorRTRTXExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "xnnpack": "XnnpackExecutionProvider",
    "directml": "DmlExecutionProvider",
    "dnnl": "DnnlExecutionProvider",
    "acl": "ACLExecutionProvider",
    "armnn": "ArmNNExecutionProvider",
    "qnn": "QNNExecutionProvider",
    "nnapi": "NnapiExecutionProvider",
    "rocm": "ROCMExecutionProvider",
    "migraphx": "MIGraphXExecutionProvider",
    "cann": "CANNExecutionProvider",
    "vitisai": "VitisAIExecutionProvider",
    "webgpu": "WebGpuExecutionProvider",
}
AUTO = "auto"


@dataclass(frozen=True)
class Here:
    """What a wheel must fit."""

    system: str  # as platform.system() has it: Linux, Windows, Darwin
    architecture: str  # as platform.machine() has it: x86_64, AMD64, arm64, aarch64
    python: tuple[int, int]

    def __str__(self) -> str:
        system = {"Darwin": "macOS"}.get(self.system, self.system)
        return f"{system} on {self.architecture} with Python {_dotted(self.python)}"


@dataclass(frozen=True)
class Wheel:
    """A distribution of ONNX Runtime with other providers, built for x86-64 alone."""

    name: str
    providers: tuple[str, ...]  # names of `PROVIDERS`
    systems: tuple[str, ...]
    newest_python: tuple[int, int]  # on the package index in November 2026

    def misfit(self, here: Here) -> str | None:
        """Returns what it is for and what this is, where that differs; None where it fits."""
        x86 = here.architecture.lower() in ("x86_64", "amd64")
        if x86 and here.system in self.systems and here.python <= self.newest_python:
            return None
        systems = " and ".join(self.systems)
        return f"it is for {systems} on x86-64 with Python up to {_dotted(self.newest_python)}, this is {here}"


WHEELS = (
    Wheel("onnxruntime-openvino", ("openvino",), ("Linux", "Windows"), (3, 13)),
    Wheel("onnxruntime-gpu", ("cuda", "tensorrt"), ("Linux", "Windows"), (3, 14)),
    Wheel("onnxruntime-directml", ("directml",), ("Windows",), (3, 14)),
)


def this_system() -> Here:
    """Returns what a wheel must fit to be installed here."""
    import platform  # slow, and needed only where a provider is missing

    return Here(platform.system(), platform.machine(), sys.version_info[:2])


def short_names(available: Sequence[str]) -> list[str]:
    """Returns the names by which commands know the providers that onnxruntime names; those unknown are left out."""
    return [name for name, long_name in PROVIDERS.items() if long_name in available]


def require_provider(provider: str, available: Sequence[str]) -> str:
    """Returns onnxruntime's name of a provider.

    Args:
        provider: A name of `PROVIDERS`, in any case.
        available: What onnxruntime says it can run on.

    Raises:
        UsageError: It is not known, or not in the onnxruntime that is installed; its wheel is named.
    """
    check_known(provider, available)
    wanted = PROVIDERS[provider.lower()]
    if wanted not in available:
        raise UsageError(f"provider {provider!r} is not in this onnxruntime{_where_it_is(provider.lower(), available)}")
    return wanted


def check_known(provider: str, available: Sequence[str]) -> None:
    """Checks that a provider is one that there is, here or elsewhere.

    Raises:
        UsageError: It is none.
    """
    if provider.lower() not in PROVIDERS:
        raise UsageError(f"provider {provider!r} is not known, {_expected(available)}")


def overlaid() -> str | None:
    """Says that distributions of onnxruntime are installed over each other, which share one folder; None if not."""
    installed = ONNXRUNTIME.all_installed()
    if len(installed) < 2:
        return None
    return f"{' and '.join(' '.join(each) for each in installed)} are installed over each other, in one folder"


def exchange(name: str) -> str:
    """Returns the commands that put one distribution of onnxruntime in the place of those that are installed."""
    there = " ".join(other for other, _ in ONNXRUNTIME.all_installed())
    return f"pip uninstall -y {there}; pip install {name}" if there else f"pip install {name}"


def _where_it_is(provider: str, available: Sequence[str]) -> str:
    wheel = next((wheel for wheel in WHEELS if provider in wheel.providers), None)
    if wheel is None:
        return f", {_expected(available)}"
    misfit = wheel.misfit(this_system())
    if misfit is not None:
        return f", and its wheel {wheel.name} does not fit: {misfit}; {_expected(available)}"
    mixed = overlaid()
    if mixed is not None:
        return f": {mixed}, expected {wheel.name} alone: {exchange(wheel.name)}"
    return f", expected the wheel {wheel.name}: {exchange(wheel.name)}"


def _expected(available: Sequence[str]) -> str:
    return f"expected auto or one of those available here: {', '.join(short_names(available))}"


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
