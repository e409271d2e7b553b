"""Any model file as a Classifier: ONNX by ONNX Runtime, Keras by Keras."""

from __future__ import annotations

from pathlib import Path

from cnnkit.classifier import Classifier
from cnnkit.errors import ModelError, SpecError, UsageError
from cnnkit.runtime.keras import SUFFIXES, KerasClassifier
from cnnkit.runtime.onnx import OnnxClassifier
from cnnkit.runtime.run_folder import find_keras_file, read_run_spec


def open_classifier(source: Path, *, provider: str = "cpu") -> Classifier:
    """Opens a model with its spec.

    Args:
        source: An `.onnx` or `.ort` file, which carries its spec; a run folder; or a Keras file with its spec.json
            beside it.
        provider: Where ONNX Runtime computes, see `cnnkit.runtime.session`; "cpu" for Keras files.

    Raises:
        UsageError: The provider is not available here, or another than the CPU is asked for and Keras runs the model.
        ModelError: The file is missing, no model, or does not fit its spec.
        SpecError: There is no spec, or a malformed one.
        MissingExtraError: It is a Keras file, and Keras is not installed.
    """
    if source.suffix.lower() in (".onnx", ".ort"):
        return OnnxClassifier(source, provider=provider)
    if provider != "cpu":
        raise UsageError(f"{source} is run by Keras: leave out --provider, which is for .onnx files")
    path = find_keras_file(source)
    if not path.is_file() or path.suffix.lower() not in SUFFIXES:
        wrong = "not a model by its name" if path.is_file() else "no such file"
        raise ModelError(f"{path}: {wrong}, expected .onnx, a run folder, or a Keras file ({', '.join(SUFFIXES)})")
    spec = read_run_spec(path)
    if spec is None:
        raise SpecError(
            f"{path} has no spec.json of its own beside it, so its labels and scaling are unknown: "
            "cnnkit export takes them as flags, give the .onnx file that it writes"
        )
    return KerasClassifier(path, spec)
