"""The files of the contenders: how large each is, which one it is, and whether it is still the same at the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cnnkit.bench.contenders import Contender
from cnnkit.bench.subjects.openvino import IR_SUFFIX, WEIGHTS_SUFFIX
from cnnkit.system import sha256


@dataclass(frozen=True)
class ModelFile:
    """A file, or a folder that is a model."""

    size_bytes: int
    sha256: str | None  # None for folders


def model_file(path: Path) -> ModelFile | None:
    """Returns what a path holds; None where there is no file, as with networks of keras.applications.

    OpenVINO keeps the weights in a file of their own, whose size counts.
    """
    try:
        size = path.stat().st_size
        weights = path.with_suffix(WEIGHTS_SUFFIX)
        if path.suffix == IR_SUFFIX and weights.exists():
            size += weights.stat().st_size
        return ModelFile(size, sha256(path) if path.is_file() else None)
    except FileNotFoundError:
        return None


def model_files(contenders: Iterable[Contender]) -> dict[str, ModelFile | None]:
    """Returns name -> file of all contenders, to be called before they are loaded."""
    return {contender.name: model_file(contender.path) for contender in contenders}


def replaced_files(contenders: Iterable[Contender], before: dict[str, ModelFile | None]) -> str | None:
    """Says which files are not those any more that were there before, in one sentence; None where all are."""
    changed = {each.path.name for each in contenders if model_file(each.path) != before[each.name]}
    return f"{', '.join(sorted(changed))} changed while it was measured: measure again" if changed else None
