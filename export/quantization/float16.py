"""Weights and arithmetic in float16, as far as the runtime has it."""

from __future__ import annotations

from typing import Any

from cnnkit.export.graph import opset_of, set_versions
from cnnkit.runtime import import_onnxruntime

FLOAT16_SCHEME = "float16 weights and arithmetic"


def to_float16(graph: Any) -> Any:
    """Converts a float32 graph: half its size; inputs and outputs stay as they are.

    CPUs without float16 arithmetic cast to float32 and back, and are no faster for it.

    Args:
        graph: A float32 onnx.ModelProto; it is changed.

    Returns:
        An onnx.ModelProto.
    """
    opset = opset_of(graph)
    model = import_onnxruntime("transformers.float16").convert_float_to_float16(graph, keep_io_types=True)
    set_versions(model, opset)
    return model
