"""Changes to the weights of a convolution or dense layer that change what it computes in a known way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.graph.graphs import add_constant, attributes

Values = Mapping[str, NDArray[Any]]


def has_weights(node: Any, values: Values) -> bool:
    """Whether a node is a Conv or a plain Gemm whose weight and bias are float32 constants."""
    said = attributes(node)
    known = all(name in values and values[name].dtype == np.float32 for name in node.input[1:])
    if node.op_type == "Conv":
        return known
    is_plain = said.get("alpha", 1.0) == said.get("beta", 1.0) == 1.0 and not said.get("transA", 0)
    return node.op_type == "Gemm" and known and is_plain and _bias_size(node, values) in (0, outputs(node, values))


def outputs(node: Any, values: Values) -> int:
    """Returns how many channels a layer gives."""
    return len(_rows(node, values[node.input[1]]))


def scale_outputs(model: Any, node: Any, values: Values, factor: NDArray[np.float64]) -> None:
    """Multiplies what a layer gives.

    Args:
        model: The onnx.ModelProto that it is in.
        node: The layer; it gets constants of its own.
        values: Of all constants.
        factor: (outputs,).
    """
    rows = _rows(node, values[node.input[1]].astype(np.float64))
    _put(model, node, values, rows * factor.reshape(-1, *[1] * (rows.ndim - 1)), _bias(node, values) * factor)


def take_affine(model: Any, node: Any, values: Values, scale: NDArray[np.float64], shift: NDArray[np.float64]) -> None:
    """Lets a layer take x where it took x * scale + shift; of a convolution that pads, the shift is 0.

    Args:
        model: The onnx.ModelProto that it is in.
        node: The layer; it gets constants of its own.
        values: Of all constants.
        scale: (inputs,), of all groups.
        shift: The same.
    """
    rows = _rows(node, values[node.input[1]].astype(np.float64))
    group = attributes(node).get("group", 1)
    # (outputs, inputs of one of them, 1, ...): each group of outputs takes its own inputs.
    shape = (group, 1, rows.shape[1], *[1] * (rows.ndim - 2))
    by_group = rows.reshape(group, len(rows) // group, *rows.shape[1:])
    given = (by_group * shift.reshape(shape)).sum(axis=tuple(range(2, by_group.ndim))).reshape(-1)
    scaled = (by_group * scale.reshape(shape)).reshape(rows.shape)
    _put(model, node, values, scaled, _bias(node, values) + given)


def _rows(node: Any, weight: NDArray[Any]) -> NDArray[Any]:
    """Returns a weight with its outputs first and its inputs second."""
    turned = node.op_type == "Gemm" and not attributes(node).get("transB", 0)
    return weight.T if turned else weight


def _bias_size(node: Any, values: Values) -> int:
    return int(values[node.input[2]].size) if len(node.input) > 2 else 0


def _bias(node: Any, values: Values) -> NDArray[np.float64]:
    if len(node.input) < 3:
        return np.zeros(outputs(node, values))
    return values[node.input[2]].astype(np.float64).reshape(-1)


def _put(model: Any, node: Any, values: Values, rows: NDArray[np.float64], bias: NDArray[np.float64]) -> None:
    weight = np.ascontiguousarray(_rows(node, rows), np.float32)
    names = [add_constant(model, f"{node.output[0]}.folded_{len(model.graph.initializer)}", weight)]
    if len(node.input) > 2 or bias.any():
        name = f"{node.output[0]}.folded_{len(model.graph.initializer)}"
        names.append(add_constant(model, name, bias.astype(np.float32)))
    node.input[:] = [node.input[0], *names]
