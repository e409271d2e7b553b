"""Reads what a model file holds, with or without a model spec."""

from __future__ import annotations

from pathlib import Path

from cnnkit.runtime.keras import SUFFIXES
from cnnkit.runtime.keras_inspection import inspect_keras
from cnnkit.runtime.onnx import read_spec_of
from cnnkit.runtime.session import open_session
from cnnkit.spec import ModelFacts, ModelSpec, OnnxHeader, read_header, tensor_facts

# One DequantizeLinear alone says nothing: it may just turn an image's bytes into numbers.
_QUANTIZED_OPS = frozenset({"QuantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "ConvInteger", "MatMulInteger"})


def inspect_any(source: Path) -> ModelFacts:
    """Reads what a model holds: an `.onnx` or `.ort` file, a run folder, a SavedModel or a Keras file.

    Raises:
        ModelError, SpecError, MissingExtraError: See `inspect_model` and `inspect_keras`.
    """
    keras = source.is_dir() or source.suffix.lower() in SUFFIXES
    return inspect_keras(source) if keras else inspect_model(source)


def inspect_model(path: Path) -> ModelFacts:
    """Reads what an ONNX file holds, and loads it to see that it can be run here.

    Raises:
        ModelError: The file is missing, no ONNX model, or cannot be loaded.
        SpecError: Its spec is malformed or of a newer version.
    """
    header = read_header(path)
    session = open_session(path)
    spec = read_spec_of(path)
    graph = None if spec is None else spec.graph
    return ModelFacts(
        path=path,
        spec=spec,
        inputs=tuple(map(tensor_facts, session.get_inputs())),
        outputs=tuple(map(tensor_facts, session.get_outputs())),
        opset=header.opset,
        ir_version=header.ir_version,
        parameters=None if graph is None else graph.parameters,
        multiply_adds=None if graph is None else graph.multiply_adds,
        operators=None if header.ort_format else dict(sorted(header.operators.items(), key=lambda item: -item[1])),
        size_bytes=path.stat().st_size,
        quantized=_is_quantized(header, spec),
    )


def _is_quantized(header: OnnxHeader, spec: ModelSpec | None) -> bool:
    if spec is not None:
        return spec.quantization is not None and spec.quantization.precision == "int8"
    return bool(header.operators.keys() & _QUANTIZED_OPS)
