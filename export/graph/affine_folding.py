"""Folds batch normalisation that stands behind an activation into the layers before and after it.

Exporters fold it into the layer in front, which needs them to be neighbours. Behind a ReLU, as many networks have it,
it stays as a Mul and an Add, which cost time and, quantized, one more rounding each. y = a * relu(z) + b is folded in
two parts: |a| goes through the ReLU, which lets positive factors pass, into the layer that gives z; the sign of a and b
go into weights and bias of whoever takes y. Where one of them pads y with zeros, the Add stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.graph.channels import Reach, follow_channels, is_padded
from cnnkit.export.graph.graphs import (
    add_constant,
    attributes,
    constants,
    consumers,
    producers,
    remove_unused,
    static_shapes,
)
from cnnkit.export.graph.input_folding import applied
from cnnkit.export.graph.layer_weights import has_weights, outputs, scale_outputs, take_affine

_ARITHMETIC = ("Mul", "Add", "Sub", "Div")
_HOMOGENEOUS = ("Relu", "LeakyRelu", "PRelu")  # f(s * x) = s * f(x) for positive s
_ALONG = (*_HOMOGENEOUS, "MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool", "Identity", "Dropout")
_EPSILON = 1e-5  # of BatchNormalization, where it says none
Values = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class _Affine:
    """Nodes, one after the other, that compute x * scale + shift for each channel."""

    source: str  # what it takes, (N, channels, height, width) or (N, channels)
    nodes: tuple[Any, ...]
    scale: NDArray[np.float64]  # (channels,)
    shift: NDArray[np.float64]

    @property
    def result(self) -> str:
        """What it gives."""
        return str(self.nodes[-1].output[0]) if self.nodes else self.source


class _Graph:
    """A graph with what is looked up in it."""

    def __init__(self, model: Any, shapes: dict[str, tuple[int, ...]]) -> None:
        self.model, self.values, self.shapes = model, constants(model), shapes
        self.made_by = producers(model)
        self.taken_by: dict[str, list[Any]] = consumers(model)
        for value in model.graph.output:
            self.taken_by.setdefault(value.name, []).append(None)

    def only_taker(self, tensor: str) -> Any:
        """Returns the one node that takes a tensor; None where there are more, or it is an output."""
        takers = self.taken_by.get(tensor, [])
        return takers[0] if len(takers) == 1 else None


def fold_affines(model: Any) -> int:
    """Folds what is affine between layers.

    Args:
        model: An onnx.ModelProto without branches; it is changed, what it computes is not but for rounding.

    Returns:
        How many times something was folded.
    """
    count, shapes = 0, static_shapes(model, batch=2)  # what is folded keeps its shape
    while _fold_one(_Graph(model, shapes)):
        count += 1
    if count:
        remove_unused(model)
    return count


def _fold_one(graph: _Graph) -> bool:
    """Folds the first that can be; returns whether there was one."""
    for node in graph.model.graph.node:
        affine = _affine_from(graph, node)
        layer = None if affine is None else _layer_in_front(graph, affine)
        if affine is not None and layer is not None and _fold(graph, affine, layer):
            return True
    return False


def _fold(graph: _Graph, affine: _Affine, layer: Any) -> bool:
    """Folds one wholly, or all but its shift; returns whether that was possible."""
    reach = follow_channels(affine.result, graph.shapes, graph.taken_by)
    positive = bool((affine.scale > 0).all())
    if reach is not None and reach.takers and _can_be_given_on(reach, affine, positive):
        _scale(graph, layer, affine)
        for taker in reach.takers:
            scale, shift = (part[taker.channels] for part in (np.sign(affine.scale), affine.shift))
            take_affine(graph.model, taker.node, graph.values, scale, shift)
        _replace(graph, affine, affine.source)
        return True
    if positive and len(affine.nodes) > 1 and (affine.scale != 1).any():
        _scale(graph, layer, affine)
        _replace(graph, affine, _shifted(graph, affine))
        return True
    return False


def _can_be_given_on(reach: Reach, affine: _Affine, positive: bool) -> bool:
    """Whether signs and shifts can go into the weights of all who take the channels."""
    if not affine.scale.all() or (reach.by_largest and not positive):
        return False
    return not affine.shift.any() or not any(is_padded(taker.node) for taker in reach.takers)


def _scale(graph: _Graph, layer: Any, affine: _Affine) -> None:
    if (np.abs(affine.scale) != 1).any():
        scale_outputs(graph.model, layer, graph.values, np.abs(affine.scale))


def _replace(graph: _Graph, affine: _Affine, tensor: str) -> None:
    """Gives those who took the result another tensor, and takes the nodes out."""
    for node in graph.taken_by[affine.result]:
        node.input[:] = [tensor if name == affine.result else name for name in node.input]
    for node in affine.nodes:
        graph.model.graph.node.remove(node)


def _shifted(graph: _Graph, affine: _Affine) -> str:
    """Puts an Add in the place of an affine, and returns what it gives."""
    from onnx import helper

    rank = len(graph.shapes[affine.source])
    name = f"{affine.result}.shifted"
    value = affine.shift.astype(np.float32).reshape(1, -1, *[1] * (rank - 2))
    add = helper.make_node("Add", [affine.source, add_constant(graph.model, f"{name}.shift", value)], [name], name)
    nodes = graph.model.graph.node
    nodes.insert(list(nodes).index(affine.nodes[0]), add)
    graph.shapes[name] = graph.shapes[affine.source]
    return name


def _layer_in_front(graph: _Graph, affine: _Affine) -> Any:
    """Returns the layer whose outputs reach an affine through an activation that factors pass, or None."""
    tensor, activated = affine.source, False
    while True:
        node = graph.made_by.get(tensor)
        if node is None or graph.only_taker(tensor) is None:
            return None
        if node.op_type not in _ALONG:
            break
        if node.op_type == "PRelu" and node.input[1] not in graph.values:
            return None
        activated = activated or node.op_type in _HOMOGENEOUS
        tensor = node.input[0]
    fits = activated and has_weights(node, graph.values) and outputs(node, graph.values) == len(affine.scale)
    return node if fits else None


def _affine_from(graph: _Graph, node: Any) -> _Affine | None:
    """Returns the affine that begins with a node; None where none does."""
    source = next((name for name in node.input if name not in graph.values), "")
    shape = graph.shapes.get(source, ())
    if len(shape) not in (2, 4):
        return None
    affine = _Affine(source, (), np.ones(shape[1]), np.zeros(shape[1]))
    while node is not None:
        step = _step(graph.values, node, affine, len(shape))
        if step is None:
            break
        affine, node = step, graph.only_taker(step.result)
    return affine if affine.nodes and None not in graph.taken_by.get(affine.result, [None]) else None


def _step(values: Values, node: Any, affine: _Affine, rank: int) -> _Affine | None:
    """Returns an affine with one more node; None where the node is none with constants for each channel."""
    nodes, channels = (*affine.nodes, node), len(affine.scale)
    if node.op_type == "BatchNormalization" and node.input[0] == affine.result:
        parts = [values.get(name) for name in node.input[1:5]]
        if len(node.output) > 1 or any(part is None or part.shape != (channels,) for part in parts):
            return None
        gain, bias, mean, variance = (np.asarray(part, np.float64) for part in parts)
        factor = gain / np.sqrt(variance + attributes(node).get("epsilon", _EPSILON))
        return replace(affine, nodes=nodes, scale=affine.scale * factor, shift=(affine.shift - mean) * factor + bias)
    if node.op_type not in _ARITHMETIC or affine.result not in node.input:
        return None
    turned = node.input[0] != affine.result  # the constant stands in front
    number = _by_channel(values.get(node.input[0 if turned else 1]), channels, rank)
    if number is None or (turned and node.op_type in ("Sub", "Div")):
        return None
    scale, shift = applied(node.op_type, number, affine.scale, affine.shift)
    return replace(affine, nodes=nodes, scale=scale, shift=shift)


def _by_channel(value: NDArray[Any] | None, channels: int, rank: int) -> NDArray[np.float64] | None:
    """Returns a constant of which each channel has one number, (channels,); None of others."""
    if value is None or value.dtype != np.float32 or value.ndim > rank:
        return None
    shape = (1,) * (rank - value.ndim) + value.shape
    if shape not in ((1,) * rank, (1, channels, *(1,) * (rank - 2))) or not np.isfinite(value).all():
        return None
    return np.broadcast_to(value.reshape(-1), channels).astype(np.float64)
