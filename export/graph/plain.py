"""Graphs as other exporters write them brought to one form: weights as initializers, the image as the only input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.graph.graphs import add_constant, attributes

_SCALARS = {"value_float": np.float32, "value_floats": np.float32, "value_int": np.int64, "value_ints": np.int64}


def plain_graph(model: Any) -> Any:
    """Returns an equal model without the freedoms that ONNX leaves to exporters.

    Constant nodes become initializers, initializers are no longer listed among the inputs (as IR 3 asks for), functions
    of the model's own are written out, and every node has a name of its own.

    Args:
        model: An onnx.ModelProto; it is not changed.
    """
    import onnx
    from onnx import inliner  # which importing onnx alone does not bring

    plain = onnx.ModelProto()
    plain.CopyFrom(inliner.inline_local_functions(model) if model.functions else model)
    nodes = []
    for node in plain.graph.node:
        value = _constant_of(node)
        if value is None:
            nodes.append(node)
        else:
            add_constant(plain, node.output[0], value)
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del plain.graph.node[:]
    plain.graph.node.extend(kept)
    weights = {tensor.name for tensor in plain.graph.initializer}
    images = [value for value in plain.graph.input if value.name not in weights]
    copies = [onnx.ValueInfoProto.FromString(value.SerializeToString()) for value in images]
    del plain.graph.input[:]
    plain.graph.input.extend(copies)
    if weights and plain.ir_version < 4:
        plain.ir_version = 4  # from which on weights need not be inputs
    _name_nodes(plain)
    return plain


def _constant_of(node: Any) -> NDArray[Any] | None:
    """Returns the value of a Constant node; None for other nodes, and for texts and sparse values."""
    from onnx import numpy_helper

    if node.op_type != "Constant" or node.domain not in ("", "ai.onnx"):
        return None
    for name, value in attributes(node).items():
        if name == "value":
            return np.asarray(numpy_helper.to_array(value))
        if name in _SCALARS:
            return np.asarray(value, _SCALARS[name])
    return None


def _name_nodes(model: Any) -> None:
    """Names nodes that have no name, or that of another one."""
    taken: set[str] = set()
    for index, node in enumerate(model.graph.node):
        if not node.name or node.name in taken:
            node.name = f"{node.op_type.lower()}_{index}"
            while node.name in taken:
                node.name += "_"
        taken.add(node.name)
