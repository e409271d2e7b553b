"""Whether a quantized file can saturate on x86 CPUs without VNNI, read off its weights.

Products of unsigned activations and signed weights are added in pairs in 16 bits there, see `pair_safe`. Signed
activations between QuantizeLinear and DequantizeLinear are no way out: where the graph allows it, onnxruntime makes
them unsigned by itself. What cannot saturate, tried layer by layer on an emulated CPU (`test_haswell.py`): unsigned
weights, and operators on signed activations, whose factors are widened first; depthwise convolutions, which have
kernels of their own; 16-bit activations, with which layers are computed in float.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.graph import attributes, constants, producers
from cnnkit.export.options import Target
from cnnkit.export.quantization.pair_safe import LARGEST_SUM, largest_sums

_ON_INTEGERS = ("QLinearConv", "QLinearMatMul", "QGemm")  # inputs: activations, scale, zero point, weights, scale, ...
BETWEEN = ("Conv", "Gemm", "MatMul")  # which onnxruntime computes in integers behind DequantizeLinear
_UNKNOWN = 2 * 128  # what two weights may sum to that are no constants


@dataclass(frozen=True)
class Product:
    """A node that multiplies bytes with bytes."""

    node: Any
    activations: np.dtype[Any]  # int8 or uint8, as the kernels that it may be given to take them
    weights: np.dtype[Any]
    tensor: str  # the weights, which need not be a constant
    scale: str  # theirs

    @property
    def is_convolution(self) -> bool:
        """Whether the first axis of its weights is that of the outputs."""
        return self.node.op_type in ("Conv", "QLinearConv")

    def by_outputs(self, weight: NDArray[Any]) -> NDArray[Any]:
        """Returns its weights with the axis of the outputs first and that of the inputs second."""
        if self.is_convolution or attributes(self.node).get("transB"):
            return weight
        swapped: NDArray[Any] = np.swapaxes(weight, -1, -2).reshape(-1, weight.shape[-2])
        return swapped

    def as_stored(self, rows: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        """Returns what `by_outputs` gave in the shape in which it is stored."""
        if self.is_convolution or attributes(self.node).get("transB"):
            return rows.reshape(shape)
        stored: NDArray[Any] = np.swapaxes(rows.reshape(*shape[:-2], shape[-1], shape[-2]), -1, -2)
        return stored

    def is_depthwise(self, weight: NDArray[Any]) -> bool:
        """Whether it is a convolution of each channel by itself, one output a channel."""
        group = attributes(self.node).get("group", 1)
        return self.is_convolution and weight.shape[1] == 1 and group == len(weight) > 1


@dataclass(frozen=True)
class Saturable:
    """A layer whose products are added in pairs in 16 bits on x86 without VNNI."""

    name: str
    largest_sum: int  # of two weights of one sign that meet

    @property
    def saturates(self) -> bool:
        """Whether it does so with some input."""
        return self.largest_sum > LARGEST_SUM


def products(model: Any) -> Iterator[Product]:
    """Yields the nodes of a quantized onnx.ModelProto that multiply bytes with bytes."""
    values, made_by = constants(model), producers(model)
    for node in model.graph.node:
        if node.op_type in _ON_INTEGERS:
            activations, weights = (_dtype(values, node, place) for place in (2, 5))
            tensor, scale = node.input[3], node.input[4]
        elif node.op_type in BETWEEN:
            sources = [made_by[name] for name in node.input[:2] if name in made_by]
            if [source.op_type for source in sources] != ["DequantizeLinear"] * 2:
                continue
            activations, weights = (_dtype(values, source, 2) for source in sources)
            tensor, scale = sources[1].input[:2]
            activations = np.dtype(np.uint8) if activations == np.int8 else activations
        else:
            continue
        if activations.itemsize == weights.itemsize == 1:
            yield Product(node, activations, weights, tensor, scale)


def saturable_layers(model: Any) -> tuple[Saturable, ...]:
    """Returns the layers that add products of unsigned and signed bytes in pairs, whether too large ones or not.

    Args:
        model: A quantized onnx.ModelProto.
    """
    values = constants(model)
    found = []
    for product in products(model):
        if product.activations != np.uint8 or product.weights != np.int8:
            continue
        weight = values.get(product.tensor)
        if weight is None:
            found.append(Saturable(product.node.name, _UNKNOWN))
        elif not product.is_depthwise(weight):
            sums = largest_sums(product.by_outputs(weight))
            found.append(Saturable(product.node.name, int(sums.max(initial=0))))
    return tuple(found)


def saturating_layers(model: Any) -> tuple[str, ...]:
    """Returns the names of the layers that saturate with some input on x86 without VNNI; none where a file is safe."""
    return tuple(layer.name for layer in saturable_layers(model) if layer.saturates)


def wrong_on(model: Any, target: Target, *, precise_x64: bool = False) -> str | None:
    """Says why a quantized file gives wrong answers, or none, on some of a target's machines; None where it does not.

    Args:
        model: An onnx.ModelProto.
        target: Anything but "this".
        precise_x64: Whether cnnkit runs it with the option session.x64quantprecision, as no other program does.
    """
    if target == "any" and _has_wide_activations(model):
        return "needs onnxruntime 1.18 or later"
    if target in ("vnni", "arm64") or (precise_x64 and target == "avx2"):
        return None
    count = len(saturating_layers(model))
    if not count:
        return None
    others = " in programs that do not set the option" if precise_x64 else ""
    return f"saturates on x86 without VNNI{others}: {count} {'layer' if count == 1 else 'layers'}"


def _has_wide_activations(model: Any) -> bool:
    """Whether activations are of 16 bits, which are operators of their own before opset 21."""
    values = constants(model)
    nodes = (node for node in model.graph.node if node.op_type == "QuantizeLinear")
    return any(_dtype(values, node, 2).itemsize == 2 for node in nodes)


def _dtype(values: Mapping[str, NDArray[Any]], node: Any, place: int) -> np.dtype[Any]:
    """Returns the type of integers, which is that of their zero point; unsigned bytes where there is none."""
    zero = values.get(node.input[place]) if len(node.input) > place else None
    return np.dtype(np.uint8) if zero is None else zero.dtype
