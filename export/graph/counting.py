"""Counts what a graph is made of: trained numbers, and the multiply-adds of one image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from cnnkit.errors import ModelError, UsageError
from cnnkit.export.graph.einsum import einsum_products
from cnnkit.export.graph.graphs import attributes, has_branches, static_shapes
from cnnkit.export.graph.parameters import constant_names, parameters, parameters_by_node
from cnnkit.export.graph.plain import plain_graph
from cnnkit.runtime import import_onnxruntime, runtime_errors, short_reason
from cnnkit.spec import LayerFacts

Shapes = Mapping[str, tuple[int, ...]]

# Operator -> the places of its factors among its inputs; those of an einsum are all of them.
_FACTORS = {
    "Conv": (0, 1), "FusedConv": (0, 1), "ConvInteger": (0, 1), "QLinearConv": (0, 3), "ConvTranspose": (0, 1),
    "MatMul": (0, 1), "FusedMatMul": (0, 1), "MatMulInteger": (0, 1), "QLinearMatMul": (0, 3),
    "Gemm": (0, 1), "FusedGemm": (0, 1), "QGemm": (0, 3), "RNN": (0, 1, 2), "GRU": (0, 1, 2), "LSTM": (0, 1, 2),
}  # fmt: skip
_RECURRENT = ("RNN", "GRU", "LSTM")
_ROUNDING = ("QuantizeLinear", "DequantizeLinear")


@dataclass(frozen=True)
class Counts:
    """What a graph is made of."""

    parameters: int  # trained numbers
    multiply_adds: int | None  # of one image; None where sizes are not known


def count(model: Any, size: tuple[int, int] | None = None) -> Counts | None:
    """Counts parameters and multiply-adds, however the exporter wrote the graph.

    Args:
        model: An onnx.ModelProto, which is not changed.
        size: Height and width of the image in pixels, for graphs that take any.

    Returns:
        None where the graph has branches or loops, which run as often as the image wants.

    Raises:
        UsageError: The graph takes another size, or no image that has one.
        ModelError: onnxruntime cannot run the graph.
    """
    if has_branches(model):
        return None
    plain = plain_graph(model)
    known = _set_size(plain, size) and _can_be_followed(plain)
    return Counts(parameters(plain), multiply_adds(plain) if known else None)


def graph_layers(model: Any, size: tuple[int, int] | None = None) -> tuple[LayerFacts, ...] | None:
    """Lists the nodes that work on the image, each with what it gives and costs.

    Left out are those that work on constants alone, and those that only turn floats into integers or back.

    Args:
        model: See `count`, as for what is returned for a graph with branches, and for errors.
        size: See `count`.
    """
    if has_branches(model):
        return None
    plain = plain_graph(model)
    batch = _batch(plain)
    known = _set_size(plain, size) and _can_be_followed(plain)
    shapes = _shapes(plain, batch) if known else static_shapes(plain, batch)
    weights = parameters_by_node(plain)

    def facts(node: Any) -> LayerFacts:
        products = (_of_node(node, shapes) // batch if known else None) if _multiplies(node) else 0
        shape = _of_one_image(shapes.get(node.output[0]), batch)
        return LayerFacts(node.name, node.op_type, shape, weights[node.name], products)

    shown = (node for node in plain.graph.node if node.name in weights and node.op_type not in _ROUNDING)
    return tuple(map(facts, shown))


def multiply_adds(model: Any) -> int:
    """Counts the multiply-adds of one image, those of convolutions and matrix products; all else is free.

    Args:
        model: An onnx.ModelProto whose sizes are fixed, but for the batch dimension.

    Raises:
        ModelError: Shapes cannot be told, and onnxruntime cannot run the graph.
    """
    batch = _batch(model)
    shapes = _shapes(model, batch)
    return sum(_of_node(node, shapes) for node in _multiplying(model)) // batch


def _of_one_image(shape: tuple[int, ...] | None, batch: int) -> tuple[int, ...] | None:
    return shape[1:] if shape and shape[0] == batch else shape


def _batch(model: Any) -> int:
    """Returns how many images run together: as many as the graph is fixed to, or one."""
    dims: Any = model.graph.input[0].type.tensor_type.shape.dim if model.graph.input else ()
    return max(1, dims[0].dim_value) if dims else 1


def _set_size(model: Any, size: tuple[int, int] | None) -> bool:
    """Sets height and width of the one image; returns whether all its sizes but the batch are known then."""
    dims: Any = model.graph.input[0].type.tensor_type.shape.dim if len(model.graph.input) == 1 else ()
    if size is not None:
        if len(dims) != 4:
            raise UsageError("--size does not fit a graph whose input is no image of four dimensions: leave it out")
        places = (2, 3) if dims[1].dim_value in (1, 3) else (1, 2)
        for place, wanted in zip(places, size, strict=True):
            if dims[place].dim_value not in (0, wanted):
                taken = "x".join(str(dims[each].dim_value or "any") for each in places)
                raise UsageError(f"--size {size[0]}x{size[1]} does not fit the graph, which takes {taken}")
            dims[place].dim_value = wanted
    return all(dim.dim_value > 0 for dim in dims[1:]) and bool(dims)


def _can_be_followed(model: Any) -> bool:
    """Whether shapes can be inferred, or the graph be run, for which its weights must be in the file."""
    import onnx

    outside = any(onnx.external_data_helper.uses_external_data(tensor) for tensor in model.graph.initializer)
    return not outside or not _missing(model, static_shapes(model, _batch(model)))


def _multiplying(model: Any) -> list[Any]:
    """Returns the nodes that multiply, those left out that work on constants alone: runtimes compute them once."""
    known = constant_names(model)
    nodes = (node for node in model.graph.node if _multiplies(node))
    return [node for node in nodes if not all(name in known for name in node.input if name)]


def _multiplies(node: Any) -> bool:
    return node.op_type in _FACTORS or node.op_type == "Einsum"


def _missing(model: Any, shapes: Shapes) -> list[str]:
    nodes = _multiplying(model)
    return sorted({name for node in nodes for name in (*_factors(node), node.output[0])} - shapes.keys())


def _shapes(model: Any, batch: int) -> Shapes:
    """Returns the shapes of what is multiplied: inferred, or where that ends, seen as onnxruntime runs the graph."""
    shapes = static_shapes(model, batch)
    missing = _missing(model, shapes)
    return {**shapes, **_seen_shapes(model, batch, missing)} if missing else shapes


def _seen_shapes(model: Any, batch: int, names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Runs a graph once on zeros and returns the shapes of some of its tensors."""
    import onnx

    onnxruntime = import_onnxruntime()
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    del watched.graph.output[:]
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised
    try:
        session = onnxruntime.InferenceSession(watched.SerializeToString(), options, providers=["CPUExecutionProvider"])
        found = session.run(list(names), {value.name: _zeros(value, batch) for value in model.graph.input})
    except runtime_errors() as error:
        raise ModelError(f"multiply-adds cannot be counted: {short_reason(str(error))}") from error
    return {name: tuple(np.shape(value)) for name, value in zip(names, found, strict=True)}


def _zeros(value: Any, batch: int) -> Any:
    from onnx import helper

    tensor = value.type.tensor_type
    sizes = [batch, *(dim.dim_value for dim in tensor.shape.dim[1:])]
    return np.zeros(sizes, helper.tensor_dtype_to_np_dtype(tensor.elem_type))


def _factors(node: Any) -> tuple[str, ...]:
    if node.op_type == "Einsum":
        return tuple(node.input)
    return tuple(node.input[place] for place in _FACTORS[node.op_type] if place < len(node.input))


def _of_node(node: Any, shapes: Shapes) -> int:
    left, *right = (shapes[name] for name in _factors(node))
    output = shapes[node.output[0]]
    if node.op_type == "Einsum":
        return einsum_products(attributes(node)["equation"].decode(), left, *right)
    if node.op_type in _RECURRENT:  # (steps, batch, inputs), and each step's matrices of inputs and of states
        return prod(left[:2]) * sum(map(prod, right))
    if "Conv" in node.op_type:
        # Weights are (out, in / groups, kernel...): each output value takes all but their first dimension. Transposed
        # they are (in, out / groups, kernel...): each input value spreads over all but their first dimension.
        return prod(left if node.op_type == "ConvTranspose" else output) * prod(right[0][1:])
    return prod(output) * left[-2 if attributes(node).get("transA") else -1]
