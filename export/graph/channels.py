"""Follows the channels of a tensor to the layers that take them, through what leaves them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.graph.graphs import attributes

_LARGEST = ("MaxPool", "GlobalMaxPool")
_MEANS = ("AveragePool", "GlobalAveragePool")
_MOVES = ("Transpose", "Reshape", "Flatten", "Squeeze", "Identity", "Dropout")
_LAYERS = ("Conv", "Gemm")


@dataclass(frozen=True)
class Taker:
    """A layer, and which channel each of its inputs is."""

    node: Any
    channels: NDArray[np.intp]  # (inputs,)


@dataclass(frozen=True)
class Reach:
    """Where the channels of a tensor go."""

    takers: tuple[Taker, ...]
    by_largest: bool = False  # whether the largest of several is taken on the way


def follow_channels(
    tensor: str, shapes: Mapping[str, tuple[int, ...]], taken_by: Mapping[str, Sequence[Any]]
) -> Reach | None:
    """Returns who takes a tensor's channels; None where somebody does something else with them.

    Args:
        tensor: (N, channels, height, width) or (N, channels).
        shapes: Of all tensors, with a batch of two.
        taken_by: Tensor -> nodes; the graph's outputs are taken by None.
    """
    shape = shapes.get(tensor)
    if shape is None or len(shape) not in (2, 4):
        return None
    index = np.arange(shape[1]).reshape(-1, *[1] * (len(shape) - 2))
    return _follow(tensor, np.broadcast_to(index, shape[1:]), shapes, taken_by)


def is_padded(node: Any) -> bool:
    """Whether a convolution or pool adds something around what it takes."""
    said = attributes(node)
    return any(said.get("pads", ())) or said.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID")


def _follow(
    tensor: str,
    index: NDArray[np.intp],
    shapes: Mapping[str, tuple[int, ...]],
    taken_by: Mapping[str, Sequence[Any]],
) -> Reach | None:
    takers, by_largest = list[Taker](), False
    for node in taken_by.get(tensor, ()):
        if node is None or list(node.input).count(tensor) != 1 or node.input[0] != tensor:
            return None
        if node.op_type in _LAYERS:
            channels = _of_inputs(index)
            if channels is None or (node.op_type == "Gemm") != (index.ndim == 1):
                return None
            takers.append(Taker(node, channels))
            continue
        passed = _passed(node, index, shapes.get(node.output[0]))
        reach = None if passed is None else _follow(node.output[0], passed, shapes, taken_by)
        if reach is None:
            return None
        takers += reach.takers
        by_largest = by_largest or reach.by_largest or node.op_type in _LARGEST
    return Reach(tuple(takers), by_largest)


def _of_inputs(index: NDArray[np.intp]) -> NDArray[np.intp] | None:
    """Returns the channel of each input of a layer; None where a plane holds several."""
    planes = index.reshape(len(index), -1)
    return planes[:, 0] if (planes == planes[:, :1]).all() else None


def _passed(node: Any, index: NDArray[np.intp], shape: tuple[int, ...] | None) -> NDArray[np.intp] | None:
    """Returns what channels a node gives on, (...) without the batch; None where it mixes them."""
    if shape is None or shape[0] != 2 or (len(node.output) > 1 and node.op_type != "Dropout"):
        return None
    if node.op_type in (*_LARGEST, *_MEANS):
        channels = _of_inputs(index)
        mixes = node.op_type == "AveragePool" and (is_padded(node) or attributes(node).get("ceil_mode", 0))
        if channels is None or mixes or len(shape) != 4 or len(channels) != shape[1]:
            return None
        return np.broadcast_to(channels.reshape(-1, 1, 1), shape[1:])
    if node.op_type not in _MOVES:
        return None
    if node.op_type == "Transpose":
        order = list(attributes(node).get("perm", ()))
        return index[None].transpose(order)[0] if order and order[0] == 0 else None
    return index.reshape(shape[1:]) if index.size == np.prod(shape[1:]) else None
