"""What a model file holds, as `cnnkit info` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnkit.spec.fields import ModelSpec

DTYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32", "tensor(float16)": "float16"}  # onnxruntime's -> ours


@dataclass(frozen=True)
class TensorFacts:
    """An input or output of a graph."""

    name: str
    dtype: str  # "uint8", "float32", or onnxruntime's name
    shape: tuple[int | str | None, ...]  # names of dynamic sizes; None where they have none


def dtype_name(value: Any) -> str:
    """Returns the dtype of a graph's input or output: "uint8", "float32", "float16", or onnxruntime's own name."""
    return DTYPES.get(value.type, str(value.type))


def tensor_facts(value: Any) -> TensorFacts:
    """Returns the facts of an input or output of an `onnxruntime.InferenceSession`."""
    return TensorFacts(value.name, dtype_name(value), tuple(value.shape))


@dataclass(frozen=True)
class LayerFacts:
    """A layer of a Keras network, or a node of a graph."""

    name: str
    kind: str  # "Conv2D" of Keras, "Conv" of ONNX
    output_shape: tuple[int | None, ...] | None  # of one image, None for a size left open; None where nothing is known
    parameters: int  # its weights, less those that an earlier layer has as well
    multiply_adds: int | None  # of one image; None where sizes are not known, or what the layer does


@dataclass(frozen=True)
class ModelFacts:
    """What a model file holds; what only the spec could tell is None without one."""

    path: Path
    spec: ModelSpec | None
    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]
    opset: int | None
    ir_version: int | None
    parameters: int | None  # trained numbers
    multiply_adds: int | None  # per image
    operators: Mapping[str, int] | None  # how many of each, most first; None in onnxruntime's own format
    size_bytes: int
    quantized: bool
    keras: bool = False  # a Keras file, which has no opset, IR version and operators
    layers: tuple[LayerFacts, ...] | None = None  # None where nobody asked
