"""A graph that ends in ArgMax, and so gives the number of a class alone: what is in front of it says more."""

from __future__ import annotations

from typing import Any

from cnnkit.export.graph.graphs import has_branches, producers, remove_unused

_MOVING = frozenset({"Cast", "Identity", "Squeeze", "Unsqueeze", "Reshape", "Flatten"})


def without_argmax(model: Any) -> bool:
    """Lets a graph whose one output is made by ArgMax give what that takes.

    Args:
        model: An onnx.ModelProto; it is changed.

    Returns:
        Whether there was such a node.
    """
    import onnx

    if len(model.graph.output) != 1:
        return False
    made_by = producers(model)
    node = made_by.get(model.graph.output[0].name)
    while node is not None and node.op_type in _MOVING:
        node = made_by.get(node.input[0])
    if node is None or node.op_type != "ArgMax":
        return False
    inferred = onnx.shape_inference.infer_shapes(model).graph
    known = {value.name: value for value in (*inferred.value_info, *inferred.input)}
    if node.input[0] not in known:
        return False
    model.graph.output[0].CopyFrom(known[node.input[0]])
    if not has_branches(model):
        remove_unused(model)
    return True
