"""What a measurement needs before it can run here."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from emulation.older import why_not

from figures.figure import ON_OLDER_CPU, Measurement

VARIABLE = "CNNKIT_CIFAR10_JPEG"
PHOTOS_VARIABLE = "CNNKIT_PHOTOS"
# Extra -> the module that shows that it is installed.
MODULES = {"litert": "ai_edge_litert", "mqtt": "paho", "openvino": "openvino", "ray": "ray", "video": "av"}


def data_folder() -> Path | None:
    """Returns the folder of the JPEG copy of CIFAR-10, or None where none is named or it is none."""
    named = os.environ.get(VARIABLE)
    folder = Path(named).resolve() if named else None
    return folder if folder and (folder / "train").is_dir() and (folder / "test").is_dir() else None


def missing(measurement: Measurement, data: Path | None) -> str | None:
    """Returns why a measurement cannot run here, or None where it can."""
    for extra in measurement.extras:
        if not _is_there(MODULES[extra]):
            return f"the extra {extra} is not installed: pip install '.[{extra}]'"
    for module in measurement.modules:
        if not _is_there(module):
            return f"the package {module} is not installed: pip install --group dev"
    if any(command.startswith(ON_OLDER_CPU) for command in measurement.commands) and (problem := why_not()):
        return problem
    if measurement.needs_data and data is None:
        return f"{VARIABLE} names no folder with train/ and test/; tests/scripts/jpeg_cifar10.py makes one"
    gone = [folder for folder in (measurement.photos or "").split() if not (_photos() / folder).is_dir()]
    return f"{PHOTOS_VARIABLE} names no folder with {' and '.join(f'{folder}/' for folder in gone)}" if gone else None


def _photos() -> Path:
    return Path(os.environ.get(PHOTOS_VARIABLE) or os.devnull)


def _is_there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
