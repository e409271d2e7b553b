"""The last dense layer: its weights in 8 bits, its result in float, so that probabilities keep their fine steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.graph import add_constant, attributes, constants, producers, remove_unused
from cnnkit.export.quantization.own_weights import bias_integers, least_scales
from cnnkit.export.quantization.pair_safe import quantize_weight

FEWEST = 4096  # weights; fewer take no room, and stay in float
_DENSE = ("Gemm", "MatMul")


def quantize_head(quantized: Any, name: str) -> bool:
    """Quantizes the weights of a dense layer that onnxruntime's quantizer left in float; its result stays in float.

    Where its input is of bytes, which is the rule, runtimes compute it in integers. Its weights cannot saturate,
    whatever those of other layers may do.

    Args:
        quantized: An onnx.ModelProto; it is changed.
        name: Of the node.

    Returns:
        Whether it was done: not where there are few weights, or the input is no dequantized tensor.
    """
    values, made_by = constants(quantized), producers(quantized)
    node = next((one for one in quantized.graph.node if one.name == name and one.op_type in _DENSE), None)
    source = None if node is None else made_by.get(node.input[0])
    if node is None or source is None or source.op_type != "DequantizeLinear" or not _is_plain(node):
        return False
    weight, bias = (values.get(one) for one in [*node.input, ""][1:3])
    if weight is None or weight.ndim != 2 or weight.size < FEWEST:
        return False
    if len(node.input) > 2 and (bias is None or bias.ndim != 1):
        return False
    step = values[source.input[1]].reshape(())
    transposed = bool(attributes(node).get("transB"))
    least = 0.0 if bias is None else least_scales(bias, step)
    integers, scales = quantize_weight(weight if transposed else weight.T, least=least)
    _dequantize(quantized, node, 1, integers if transposed else integers.T, scales, 0 if transposed else 1)
    if bias is not None:
        units = (step * scales).astype(np.float32)
        _dequantize(quantized, node, 2, bias_integers(bias, units), units, 0)
    remove_unused(quantized)
    return True


def _dequantize(
    model: Any, node: Any, place: int, integers: NDArray[Any], scales: NDArray[np.float32], axis: int
) -> None:
    """Lets an input of a node come from integers, one scale an output."""
    from onnx import helper

    stem = f"{node.name}.{('weight', 'bias')[place - 1]}"
    names = [
        add_constant(model, f"{stem}_quantized", np.ascontiguousarray(integers)),
        add_constant(model, f"{stem}_scale", scales),
        add_constant(model, f"{stem}_zero_point", np.zeros(len(scales), integers.dtype)),
    ]
    node.input[place] = f"{stem}_dequantized"
    added = helper.make_node("DequantizeLinear", names, [node.input[place]], f"{stem}_dequantize", axis=axis)
    model.graph.node.insert(0, added)


def _is_plain(node: Any) -> bool:
    """Whether a dense layer is a product and a sum, without factors."""
    given = attributes(node)
    return given.get("alpha", 1.0) == 1.0 and given.get("beta", 1.0) == 1.0 and not given.get("transA")
