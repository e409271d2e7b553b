"""A graph that ends in one number for two labels, given a number for each, as all readers of a file expect."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnkit.export.graph.graphs import add_constant


def give_both_labels(model: Any, *, logit: bool) -> None:
    """Lets a graph give (batch, 2) probabilities, 1 - p and p, in place of the one number that it gives.

    Args:
        model: An onnx.ModelProto with one output; it is changed.
        logit: Whether the number is the logit of p rather than p.
    """
    from onnx import helper

    output = model.graph.output[0]
    kind, name = output.type.tensor_type.elem_type, output.name
    names = [f"{name}.{part}" for part in ("column", "sigmoid", "other", "probabilities")]
    column, second, other, both = names
    shape = add_constant(model, f"{name}.shape", np.array([-1, 1]))
    one = add_constant(model, f"{name}.one", np.ones(1, helper.tensor_dtype_to_np_dtype(kind)))
    if not logit:
        second = column
    model.graph.node.extend([
        helper.make_node("Reshape", [name, shape], [column], column),
        *([helper.make_node("Sigmoid", [column], [second], second)] if logit else []),
        helper.make_node("Sub", [one, second], [other], other),
        helper.make_node("Concat", [other, second], [both], both, axis=1),
    ])  # fmt: skip
    first = next(iter(output.type.tensor_type.shape.dim), None)
    batch = "batch" if first is None else first.dim_value or first.dim_param or "batch"
    output.CopyFrom(helper.make_tensor_value_info(both, kind, [batch, 2]))
