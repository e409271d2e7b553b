"""Rewrites what tf2onnx would leave broken: grouped convolutions, exact GELU, CELU, constants that a layer captured."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnkit.errors import ModelError

# TensorFlow keeps such calls whole; on a CPU Keras wraps every grouped convolution in one.
_KEPT_WHOLE = ("_XlaMustCompile", "_noinline")


def frozen_graph(function: Any) -> tuple[Any, tuple[str, ...]]:
    """Turns variables and captured tensors into constants, and lets all calls be inlined.

    Args:
        function: A tf.ConcreteFunction.

    Returns:
        The tf.GraphDef, and the names of its outputs.

    Raises:
        ModelError: It writes variables.
    """
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    try:
        frozen = convert_variables_to_constants_v2(function, lower_control_flow=False, aggressive_inlining=True)
    except ValueError as error:  # "... was passed int64 from ... incompatible with expected resource"
        raise ModelError(
            "the model changes variables while it answers, as layers do in training, so ONNX cannot hold it: "
            "save it as a .keras file, or without such layers"
        ) from error
    graph = frozen.graph.as_graph_def(add_shapes=True)
    for call in (*graph.node, *graph.library.function):
        _let_inline(call)
    for inner in graph.library.function:
        for call in inner.node_def:
            _let_inline(call)
    return graph, tuple(output.name for output in frozen.outputs)


def _let_inline(call: Any) -> None:
    for name in _KEPT_WHOLE:
        if name in call.attr:
            del call.attr[name]


def known_rewrites() -> dict[str, Any]:
    """Returns handlers, as tf2onnx takes them, of TensorFlow operators that it does not know."""
    return {"Erfc": (_complementary_error, []), "Expm1": (_exponential, []), "Log1p": (_logarithm, [])}


def _exponential(context: Any, node: Any, name: str, _arguments: list[Any]) -> None:
    """Computes expm1(x) = exp(x) - 1, of which CELU is made."""
    dtype, shapes = context.get_dtype(node.output[0]), node.output_shapes
    one = context.make_const(f"{name}_one", np.array(1, np.float32)).output[0]
    power = context.make_node("Exp", [node.input[0]], dtypes=[dtype], shapes=shapes).output[0]
    context.remove_node(node.name)
    context.make_node("Sub", [power, one], outputs=node.output, name=node.name, shapes=shapes, dtypes=[dtype])


def _logarithm(context: Any, node: Any, name: str, _arguments: list[Any]) -> None:
    """Computes log1p(x) = log(1 + x)."""
    dtype, shapes = context.get_dtype(node.output[0]), node.output_shapes
    one = context.make_const(f"{name}_one", np.array(1, np.float32)).output[0]
    more = context.make_node("Add", [node.input[0], one], dtypes=[dtype], shapes=shapes).output[0]
    context.remove_node(node.name)
    context.make_node("Log", [more], outputs=node.output, name=node.name, shapes=shapes, dtypes=[dtype])


def _complementary_error(context: Any, node: Any, name: str, _arguments: list[Any]) -> None:
    """Computes erfc(x) = 1 - erf(x), of which exact GELU is made."""
    dtype = context.get_dtype(node.output[0])
    shapes = node.output_shapes
    one = context.make_const(f"{name}_one", np.array(1, np.float32)).output[0]
    error = context.make_node("Erf", [node.input[0]], dtypes=[dtype], shapes=shapes).output[0]
    context.remove_node(node.name)
    context.make_node("Sub", [one, error], outputs=node.output, name=node.name, shapes=shapes, dtypes=[dtype])
