"""Examines this machine for what cnnkit does on it; whatever is broken becomes a finding."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from cnnkit import __version__
from cnnkit.doctor.wheels import WheelFacts, wheel_facts
from cnnkit.errors import CnnkitError
from cnnkit.machine import Machine, TensorFlowFacts, describe_machine, package_version, probe_tensorflow
from cnnkit.sources import cameras_present
from cnnkit.system import ONNXRUNTIME, OPENCV, broken_imports

# Distributions that install the same module as the one that cnnkit asks for.
_SAME_MODULE = {
    "tensorflow": ("tensorflow-cpu", "tensorflow-intel", "tensorflow-macos", "tf-nightly"),
    **{package.distributions[0]: package.distributions[1:] for package in (ONNXRUNTIME, OPENCV)},
}
_NVIDIA = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True)
class OnnxRuntimeFacts:
    """What ONNX Runtime can run on."""

    providers: tuple[str, ...] = ()
    error: str | None = None  # why it cannot be used
    wheels: tuple[WheelFacts, ...] = ()  # that bring other providers
    overlaid: str | None = None  # that several distributions are installed over each other


@dataclass(frozen=True)
class OpenCVFacts:
    """Whether images can be read and windows be opened."""

    gui: str | None = None  # the window toolkit it was built with; None for a headless build
    window: str | None = None  # why no window can be opened; None where one can
    error: str | None = None  # why it cannot be used


@dataclass(frozen=True)
class BundledFacts:
    """Whether the bundled model answers here as its original did."""

    name: str | None = None
    images: int = 0  # golden images
    max_probability_difference: float | None = None
    passed: bool = False
    error: str | None = None  # why it could not be checked


@dataclass(frozen=True)
class Examination:
    """What was found."""

    cnnkit: str  # version
    machine: Machine
    extras: dict[str, dict[str, str | None]]  # extra ("" for the base) -> distribution -> version, None if missing
    onnxruntime: OnnxRuntimeFacts
    opencv: OpenCVFacts
    tensorflow: TensorFlowFacts | None  # None where it is not installed
    nvidia_driver: bool  # there is one (Linux), whether TensorFlow can use it or not
    cameras: tuple[str, ...]
    bundled_model: BundledFacts
    advice: tuple[str, ...] = field(default=())


def examine(probe: Callable[[], TensorFlowFacts | None] = probe_tensorflow) -> Examination:
    """Examines the machine.

    Args:
        probe: Asks TensorFlow.
    """
    return Examination(
        cnnkit=__version__,
        machine=describe_machine(),
        extras=installed_extras(),
        onnxruntime=_onnxruntime(),
        opencv=_opencv(),
        tensorflow=probe(),
        nvidia_driver=_NVIDIA.exists(),
        cameras=cameras_present(),
        bundled_model=_bundled_model(),
    )


def installed_extras() -> dict[str, dict[str, str | None]]:
    """Returns the versions of the distributions that each extra of cnnkit asks for; those of the base under ""."""
    try:
        wanted = requires("cnnkit") or []
    except PackageNotFoundError:
        return {}  # run from a source tree: nothing says what belongs to what
    extras: dict[str, dict[str, str | None]] = {}
    for name, extra in map(parse_requirement, wanted):
        if name != "cnnkit":
            extras.setdefault(extra, {})[name] = _version_of(name)
    return extras


def parse_requirement(text: str) -> tuple[str, str]:
    """Returns the distribution and the extra, "" for none, of a requirement such as `onnx>=1.17; extra == "export"`."""
    name = re.match(r"[A-Za-z0-9._-]+", text)
    extra = re.search(r"extra == ['\"]([\w-]+)['\"]", text)
    return name.group() if name else text, extra.group(1) if extra else ""


def _version_of(name: str) -> str | None:
    return next(filter(None, map(package_version, (name, *_SAME_MODULE.get(name, ())))), None)


def _onnxruntime() -> OnnxRuntimeFacts:
    from cnnkit.runtime import import_onnxruntime, overlaid

    try:
        onnxruntime = import_onnxruntime()
    except CnnkitError as error:
        return OnnxRuntimeFacts(error=str(error), wheels=wheel_facts(), overlaid=overlaid())
    return OnnxRuntimeFacts(tuple(onnxruntime.get_available_providers()), wheels=wheel_facts(), overlaid=overlaid())


def _opencv() -> OpenCVFacts:
    from cnnkit.system import import_cv2

    try:
        with broken_imports():
            from cnnkit.view import check_display, gui_toolkit
        toolkit = gui_toolkit(import_cv2().getBuildInformation())
    except CnnkitError as error:
        return OpenCVFacts(error=str(error))
    gui = None if toolkit == "NONE" else toolkit
    try:
        check_display()
    except CnnkitError as error:
        return OpenCVFacts(gui, window=str(error))
    return OpenCVFacts(gui)


def _bundled_model() -> BundledFacts:
    try:
        with broken_imports():
            from cnnkit.runtime import bundled_model, check_golden, load_model
        path = bundled_model()
        classifier = load_model(path).classifier
        result = check_golden(classifier, classifier.spec)
    except CnnkitError as error:  # without onnxruntime nothing can be loaded
        return BundledFacts(error=str(error))
    return BundledFacts(path.name, result.images, result.max_probability_difference, result.passed)
