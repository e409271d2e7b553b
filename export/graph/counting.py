"""Counts the multiply-adds of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from cnnkit.export.graph.graphs import static_shapes

Shapes = Mapping[str, tuple[int, ...]]


def multiply_adds(model: Any) -> int:
    """Counts the multiply-adds of one image, those of convolutions and matrix products; all else is free.

    Args:
        model: A float onnx.ModelProto with a dynamic batch dimension.
    """
    shapes = static_shapes(model, 1)
    return sum(_of_node(node, shapes) for node in model.graph.node)


def _of_node(node: Any, shapes: Shapes) -> int:
    count = {"Conv": _conv, "ConvTranspose": _conv_transpose, "MatMul": _product, "Gemm": _gemm}.get(node.op_type)
    known = all(name in shapes for name in (*node.input[:2], node.output[0]))
    return count(node, shapes) if count and known else 0


def _conv(node: Any, shapes: Shapes) -> int:
    # The weight is (out, in / groups, kernel...): each output value takes all but its first dimension.
    return prod(shapes[node.output[0]]) * prod(shapes[node.input[1]][1:])


def _conv_transpose(node: Any, shapes: Shapes) -> int:
    # The weight is (in, out / groups, kernel...): each input value spreads over all but its first dimension.
    return prod(shapes[node.input[0]]) * prod(shapes[node.input[1]][1:])


def _product(node: Any, shapes: Shapes) -> int:
    return prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]


def _gemm(node: Any, shapes: Shapes) -> int:
    transposed = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
    return prod(shapes[node.output[0]]) * shapes[node.input[0]][0 if transposed else 1]
