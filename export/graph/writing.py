"""Writes model files, in ONNX or in onnxruntime's own format, which appear whole and only if they load."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from cnnkit.errors import ModelError
from cnnkit.export.graph.graphs import save_with_spec
from cnnkit.runtime import OnnxClassifier, import_onnxruntime, runtime_errors, short_reason
from cnnkit.spec import ModelSpec
from cnnkit.system import whole_file

ORT_SUFFIX = ".ort"


def write_model(graph: Any, spec: ModelSpec, output: Path) -> None:
    """Writes a model, in the format that the suffix of its file says.

    Args:
        graph: An onnx.ModelProto.
        spec: What goes into its metadata.
        output: Where to; ".ort" is onnxruntime's own format, everything else ONNX.

    Raises:
        ModelError: onnxruntime does not load it.
        OutputError: It cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="cnnkit-") as folder:
        trial = Path(folder, output.name)
        save_as(graph, spec, trial)
        OnnxClassifier(trial)
        publish(trial, output)


def publish(trial: Path, output: Path) -> None:
    """Copies a file that was tried to where it is wanted, whole or not at all.

    Raises:
        OutputError: It cannot be written.
    """
    with whole_file(output) as temporary:
        shutil.copyfile(trial, temporary)


def save_as(graph: Any, spec: ModelSpec, path: Path) -> None:
    """Saves a model with its spec in the format that the suffix says; see `write_model`."""
    if path.suffix.lower() != ORT_SUFFIX:
        save_with_spec(graph, spec, path)
        return
    plain = path.with_suffix(".onnx")
    save_with_spec(graph, spec, plain)
    _convert(plain, path)
    plain.unlink()


def _convert(source: Path, target: Path) -> None:
    """Lets onnxruntime save what it loaded.

    Its last level of optimization is left out: that one lays data out for this CPU, and the file is for any.
    """
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.log_severity_level = 4  # what goes wrong is raised
    options.optimized_model_filepath = str(target)
    options.add_session_config_entry("session.save_model_format", "ORT")
    try:
        onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
    except runtime_errors() as error:
        reason = short_reason(str(error))
        raise ModelError(f"onnxruntime cannot save {target.name} in its own format: {reason}") from error
