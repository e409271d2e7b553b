"""Weights and arithmetic in float16, as far as the runtime has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnnkit.export.graphs import load_graph
from cnnkit.export.tidying import set_versions


def to_float16(path: Path) -> Any:
    """Converts a float32 file: half its size; inputs and outputs stay as they are.

    CPUs without float16 arithmetic cast to float32 and back, and are no faster for it.

    Args:
        path: A float32 ONNX file.

    Returns:
        An onnx.ModelProto.
    """
    from onnxruntime.transformers.float16 import convert_float_to_float16

    model = convert_float_to_float16(load_graph(path), keep_io_types=True)
    set_versions(model)
    return model
