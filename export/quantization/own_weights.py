"""Puts weights of cnnkit's own rounding in place of those that onnxruntime's quantizer made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.graph import constants, producers
from cnnkit.export.quantization.pair_safe import quantize_weight, shortened
from cnnkit.export.quantization.pixel_groups import first_convolution
from cnnkit.export.quantization.saturation import BETWEEN, Product, products

_MOST = 2.0**30  # integers that a bias may take: 32 bits hold twice as many, and sums of products come on top


def put_pair_safe(quantized: Any, prepared: Any) -> int:
    """Quantizes the weights of all layers in 8 bits so that they cannot saturate; their biases follow.

    Args:
        quantized: A QDQ onnx.ModelProto with signed weights; it is changed.
        prepared: The float graph that it was made from, with the same names of nodes.

    Returns:
        How many layers were changed.
    """
    values, originals = constants(quantized), constants(prepared)
    floats = {node.name: node for node in prepared.graph.node}
    made_by, first = producers(quantized), first_convolution(quantized)
    changed: dict[str, NDArray[Any]] = {}
    count = 0
    for product in products(quantized):
        node = floats.get(product.node.name)
        if product.node.op_type not in BETWEEN or product.weights != np.int8 or node is None:
            continue
        weight, bias = (originals.get(name) for name in [*node.input, ""][1:3])
        if weight is None:
            continue
        step = values[made_by[product.node.input[0]].input[1]]
        if product.tensor not in changed:
            least = 0.0 if bias is None else least_scales(bias, step)
            changed |= _weight(product, made_by, weight, least, in_groups=product.node == first)
        if bias is not None and len(product.node.input) > 2:
            changed |= _bias(made_by[product.node.input[2]], bias, step * changed[product.scale])
        count += 1
    replace_constants(quantized, changed)
    return count


def make_pair_safe(quantized: Any) -> None:
    """Shortens integers that can saturate, in place: for weights that were trained after they were quantized."""
    values, first = constants(quantized), first_convolution(quantized)
    changed = {}
    for product in products(quantized):
        value = values.get(product.tensor)
        if value is None or value.dtype != np.int8:
            continue
        weight = product.by_outputs(value)
        if not product.is_depthwise(weight):
            safe = shortened(weight, in_groups=product.node == first)
            changed[product.tensor] = product.as_stored(safe, value.shape)
    replace_constants(quantized, changed)


def least_scales(bias: NDArray[np.float32], step: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the least scale of each output's weights with which its bias fits 32 bits.

    Args:
        bias: (outputs,) float32.
        step: Scale of the input.
    """
    scales: NDArray[np.float32] = (np.abs(bias) / (step * _MOST)).astype(np.float32)
    return scales


def bias_integers(bias: NDArray[np.float32], scales: NDArray[np.float32]) -> NDArray[np.int32]:
    """Quantizes a bias in units of input times weight, (outputs,) float32; what 32 bits do not hold is cut off."""
    limit = np.iinfo(np.int32).max
    return np.clip(np.rint(bias.astype(np.float64) / scales), -limit, limit).astype(np.int32)


def replace_constants(model: Any, changed: Mapping[str, NDArray[Any]]) -> None:
    """Gives initializers other values, in place."""
    from onnx import numpy_helper

    for tensor in model.graph.initializer:
        if tensor.name in changed:
            tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(changed[tensor.name]), tensor.name))


def _weight(
    product: Product,
    made_by: Mapping[str, Any],
    weight: NDArray[np.float32],
    least: NDArray[np.float32] | float,
    *,
    in_groups: bool,
) -> dict[str, NDArray[Any]]:
    """Quantizes the weight of one layer; returns constants by name, and has them taken one scale an output."""
    rows = product.by_outputs(weight)
    alone = product.is_depthwise(rows)
    integers, scales = quantize_weight(rows, least=least, alone=alone, in_groups=in_groups)
    dequantize = made_by[product.node.input[1]]
    _set_axis(dequantize, 0 if rows is weight else weight.ndim - 1)
    return {
        product.tensor: product.as_stored(integers, weight.shape),
        product.scale: scales,
        dequantize.input[2]: np.zeros(len(scales), np.int8),
    }


def _bias(dequantize: Any, bias: NDArray[np.float32], scales: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Quantizes a bias in units of input times weight."""
    _set_axis(dequantize, 0)
    found: dict[str, NDArray[Any]] = {
        dequantize.input[0]: bias_integers(bias, scales),
        dequantize.input[1]: scales.astype(np.float32),
    }
    if len(dequantize.input) > 2:
        found[dequantize.input[2]] = np.zeros(len(scales), np.int32)
    return found


def _set_axis(dequantize: Any, axis: int) -> None:
    from onnx import helper

    del dequantize.attribute[:]
    dequantize.attribute.append(helper.make_attribute("axis", axis))
