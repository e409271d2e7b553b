"""What is known of a Keras file: the spec that a training wrote beside it, or what a file exported from it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cnnkit.errors import ModelError, SpecError
from cnnkit.runtime.named import is_named
from cnnkit.runtime.saved_model import is_saved_model, saved_model_sha256
from cnnkit.spec import InputSpec, ModelSpec, read_spec
from cnnkit.system import log, read_regular, sha256


def find_keras_file(source: Path) -> Path:
    """Returns the Keras file that is meant: `source` itself, or the model.keras of a run folder.

    A SavedModel is a folder and stands for itself, as the name of a network of keras.applications does.

    Raises:
        ModelError: `source` is a folder with neither.
    """
    if not source.is_dir():
        return source  # what loads it says what is wrong with it
    path = source / "model.keras"
    if path.is_file():
        return path
    if is_saved_model(source):
        return source
    raise ModelError(f"{source} holds no model.keras, expected a run folder, a SavedModel, or a .keras or .h5 file")


def keras_sha256(path: Path) -> str | None:
    """Returns the SHA-256, hexadecimal, of a Keras file or a SavedModel; None for a network of keras.applications."""
    if is_named(path):
        return None
    return saved_model_sha256(path) if path.is_dir() else sha256(path)


def read_run_spec(path: Path) -> ModelSpec | None:
    """Returns the spec.json beside a Keras file; None where there is none, or one that was written for another file.

    Args:
        path: The Keras file.

    Raises:
        SpecError: The spec is malformed or of a newer version.
    """
    beside = path.parent / "spec.json"
    if not (path.is_file() and beside.is_file()):
        return None
    try:
        spec = read_spec(read_regular(beside))
    except SpecError as error:
        raise SpecError(f"{beside}: {error}") from error
    stated = spec.provenance.keras_sha256 if spec.provenance else None
    if stated not in (None, sha256(path)):
        log.warning("%s was written for another file than %s and is not used", beside, path.name)
        return None
    return spec


def original_input(spec: ModelSpec) -> InputSpec:
    """Returns what the Keras file takes, by the spec of the ONNX file that was exported from it.

    Export writes it down. Files that do not say so take what the ONNX file takes, or where that takes bytes, the same
    pixels from 0 to 255 as floats.
    """
    if spec.provenance is not None and spec.provenance.original_input is not None:
        return spec.provenance.original_input
    if spec.input.dtype != "uint8":
        return spec.input
    return replace(spec.input, dtype="float32", layout="nhwc", scale=1.0, mean=(), std=())
