"""Reads what a Keras file holds, layer by layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnnkit.runtime.keras import load_keras_model
from cnnkit.runtime.layer_counting import keras_layers
from cnnkit.runtime.run_folder import find_keras_file, read_run_spec
from cnnkit.spec import ModelFacts, TensorFacts


def inspect_keras(source: Path) -> ModelFacts:
    """Loads a Keras model to see what it is made of.

    Args:
        source: A run folder, a SavedModel, or a Keras file; a spec.json beside it says what else is known.

    Raises:
        ModelError: The file is missing, no Keras model, or needs code that is not in it.
        SpecError: Its spec is malformed or of a newer version.
        MissingExtraError: Keras is not installed.
    """
    path = find_keras_file(source)
    model = load_keras_model(path)
    layers = keras_layers(model)
    counts = [layer.multiply_adds for layer in layers]
    return ModelFacts(
        path=path,
        spec=read_run_spec(path),
        inputs=tuple(_tensor(value, value.name) for value in model.inputs or ()),
        outputs=tuple(map(_tensor, model.outputs or (), _output_names(model))),
        opset=None,
        ir_version=None,
        parameters=int(model.count_params()),
        multiply_adds=None if None in counts else sum(count for count in counts if count is not None),
        operators=None,
        size_bytes=_size(path),
        quantized=False,
        keras=True,
        layers=layers,
    )


def _output_names(model: Any) -> list[str]:
    """Returns the names of the layers that give the outputs; those of the tensors where the model does not say them."""
    return getattr(model, "output_names", None) or [value.name for value in model.outputs or ()]


def _tensor(value: Any, name: str) -> TensorFacts:
    return TensorFacts(name, str(value.dtype), tuple(value.shape))


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())
