"""The packages that cnnkit opens itself, and the distributions that bring them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

# What the cause of a failed import says -> what was expected, what to do; {} is the distribution.
Remedy = tuple[str, str, str]


@dataclass(frozen=True)
class Package:
    """A package as Python imports it and as people install it."""

    module: str  # as it is imported
    name: str  # as people call it
    distributions: tuple[str, ...]  # each brings it; the first one is the usual one
    holds: str  # a name that a whole installation has
    missing: str = ""  # what to do where it is not installed; empty: install the usual distribution
    remedies: tuple[Remedy, ...] = ()  # of its own, tried before those of all packages

    def installed(self) -> tuple[str, str] | None:
        """Returns the distribution that is installed and its version, the usual one first; None where there is none."""
        return next(iter(self.all_installed()), None)

    def all_installed(self) -> list[tuple[str, str]]:
        """Returns all distributions that are installed, by their metadata: more than one overwrote each other."""
        from importlib.metadata import PackageNotFoundError, version  # slow, and needed only where something is wrong

        found = []
        for name in self.distributions:
            with suppress(PackageNotFoundError):
                found.append((name, version(name)))
        return found


NUMPY = Package("numpy", "NumPy", ("numpy",), "ndarray")
ONNXRUNTIME = Package(
    "onnxruntime",
    "ONNX Runtime",
    ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml"),
    "InferenceSession",
)
OPENCV = Package(
    "cv2",
    "OpenCV",
    ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"),
    "imdecode",
    missing="pip install opencv-python, or opencv-python-headless where no window is wanted",
    remedies=(
        (
            # Libraries of a desktop that the wheel of opencv-python links to and a server or container lacks.
            r"\blib(GL|gthread|glib|SM|Xext|Xrender|X11|xcb|EGL)[-.\w]*: cannot open shared object",
            "that system library",
            "apt install libgl1 libglib2.0-0, or, where no window is wanted, pip uninstall {} and "
            "pip install opencv-python-headless",
        ),
    ),
)
_KNOWN = {package.module: package for package in (NUMPY, ONNXRUNTIME, OPENCV)}


def package_of(module: str) -> Package:
    """Returns the package that a top-level module belongs to, asking the installed distributions about others."""
    if module in _KNOWN:
        return _KNOWN[module]
    from importlib.metadata import packages_distributions

    names = tuple(packages_distributions().get(module, (module,)))
    return Package(module, names[0], names, "")
