"""Cross-layer equalization: channels of consecutive convolutions are scaled so that their weights have like ranges.

Scaling an output channel of one convolution by 1/s and the same input channel of the next by s changes nothing, as ReLU
lets positive factors through; quantized, the narrow channels no longer share a scale with the wide ones. Source: Nagel
et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", arXiv:1906.04721, section 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.graph import constants, consumers, producers

_ROUNDS = 20  # over all pairs; the ranges of a chain settle within some ten


@dataclass(frozen=True)
class _Pair:
    """Two convolutions with nothing but a ReLU between them."""

    first: Any
    second: Any

    def is_depthwise(self) -> bool:
        """Whether the second takes each channel by itself."""
        return _group(self.second) > 1


def equalize(model: Any) -> int:
    """Equalizes all pairs of convolutions in a float graph.

    Args:
        model: An onnx.ModelProto whose batch normalisation is folded; it is changed, what it computes is not.

    Returns:
        The number of pairs.
    """
    from onnx import numpy_helper

    values = {name: np.array(value) for name, value in constants(model).items()}
    pairs = _pairs(model, values)
    for _ in range(_ROUNDS):
        for pair in pairs:
            _equalize_pair(pair, values)
    changed = {name for pair in pairs for node in (pair.first, pair.second) for name in node.input[1:]}
    for tensor in model.graph.initializer:
        if tensor.name in changed:
            tensor.CopyFrom(numpy_helper.from_array(values[tensor.name], tensor.name))
    return len(pairs)


def _pairs(model: Any, values: dict[str, NDArray[Any]]) -> list[_Pair]:
    made_by, taken_by = producers(model), consumers(model)
    given = {value.name for value in model.graph.output}
    pairs = []
    for node in model.graph.node:
        if node.op_type != "Conv" or not _own_constants(node, values, taken_by):
            continue
        first, between = made_by.get(node.input[0]), [node.input[0]]
        if first is not None and first.op_type == "Relu":
            between.append(first.input[0])
            first = made_by.get(first.input[0])
        alone = all(len(taken_by[name]) == 1 and name not in given for name in between)
        if alone and first is not None and first.op_type == "Conv" and _own_constants(first, values, taken_by):
            pair = _Pair(first, node)
            if _fits(pair, values):
                pairs.append(pair)
    return pairs


def _own_constants(node: Any, values: dict[str, NDArray[Any]], taken_by: dict[str, list[Any]]) -> bool:
    return all(name in values and len(taken_by[name]) == 1 for name in node.input[1:])


def _fits(pair: _Pair, values: dict[str, NDArray[Any]]) -> bool:
    """Whether the second takes all channels, or each by itself: groups in between are left alone."""
    channels, group = len(values[pair.first.input[1]]), _group(pair.second)
    return group == 1 or group == channels == len(values[pair.second.input[1]])


def _equalize_pair(pair: _Pair, values: dict[str, NDArray[Any]]) -> None:
    first, second = values[pair.first.input[1]], values[pair.second.input[1]]
    channel = 0 if pair.is_depthwise() else 1  # of the second's weight
    wide = np.abs(first).max(axis=(1, 2, 3))
    narrow = np.abs(second).max(axis=tuple(axis for axis in range(4) if axis != channel))
    alive = (wide > 0) & (narrow > 0)
    factor = np.ones_like(wide)
    factor[alive] = np.sqrt(wide[alive] / narrow[alive])  # equation 11 of the source
    shape = [1] * 4
    shape[channel] = -1
    values[pair.first.input[1]] = first / factor.reshape(-1, 1, 1, 1)
    values[pair.second.input[1]] = second * factor.reshape(shape)
    for name in pair.first.input[2:]:
        values[name] = values[name] / factor


def _group(node: Any) -> int:
    return next((int(attribute.i) for attribute in node.attribute if attribute.name == "group"), 1)
