"""Weights and arithmetic in float16, as far as the runtime has it."""

from __future__ import annotations

from typing import Any

from cnnkit.export.graph import opset_of, set_versions

FLOAT16_SCHEME = "float16 weights and arithmetic"


def to_float16(graph: Any) -> Any:
    """Converts a float32 graph: half its size; inputs and outputs stay as they are.

    CPUs without float16 arithmetic cast to float32 and back, and are no faster for it.

    Args:
        graph: A float32 onnx.ModelProto; it is changed.

    Returns:
        An onnx.ModelProto.
    """
    from onnxruntime.transformers.float16 import convert_float_to_float16

    opset = opset_of(graph)
    model = convert_float_to_float16(graph, keep_io_types=True)
    set_versions(model, opset)
    return model
