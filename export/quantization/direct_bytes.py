"""Makes the image's bytes the quantized input.

Where a graph standardises its uint8 image by two numbers, x = (pixel - z) / s with a whole z from 0 to 255, the image
is x, quantized with scale 1/s and zero point z: one DequantizeLinear says so, and takes the place of Cast, Mul and Add
(or Sub, Div) and of the QuantizeLinear that would follow. Nothing is rounded, and an integer convolution reads the
image as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.graph import add_constant, applied, constants, consumers, remove_unused, scalar

_ARITHMETIC = ("Mul", "Div", "Add", "Sub")
_MOVES = ("Transpose", "Reshape")
_WHOLE = 1e-4  # how far from a whole number z may be by float32's rounding of its parts


@dataclass(frozen=True)
class _Chain:
    """The nodes between the image and the first tensor x that is not affine in it: x = pixel * factor + offset."""

    tensor: str  # x
    factor: float
    offset: float
    moves: tuple[Any, ...] = ()  # nodes on the way that move pixels without changing them

    def zero_point(self) -> int | None:
        """The pixel that becomes 0; None where it is no byte."""
        zero = -self.offset / self.factor if self.factor > 0 else -1.0
        whole = round(zero)
        return whole if 0 <= whole <= 255 and abs(zero - whole) <= _WHOLE else None


def feed_bytes(model: Any) -> bool:
    """Puts one DequantizeLinear in place of a graph's standardisation, behind what moves its bytes where there is such.

    Args:
        model: A float onnx.ModelProto with one input; it is changed where it can be.

    Returns:
        Whether it was changed.
    """
    from onnx import TensorProto, helper

    value = model.graph.input[0]
    if value.type.tensor_type.elem_type != TensorProto.UINT8:
        return False
    chain = _follow(model, value.name)
    zero = None if chain is None else chain.zero_point()
    if chain is None or zero is None:
        return False
    nodes = [_replayed(move, index, value.name) for index, move in enumerate(chain.moves)]
    source = nodes[-1].output[0] if nodes else value.name
    scale = add_constant(model, "image.scale", np.array(chain.factor, np.float32))
    point = add_constant(model, "image.zero_point", np.array(zero, np.uint8))
    nodes.append(helper.make_node("DequantizeLinear", [source, scale, point], ["image.float"], "image.dequantize"))
    _rewire(model, chain.tensor, "image.float")
    kept = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *kept])
    remove_unused(model)
    return True


def _rewire(model: Any, old: str, new: str) -> None:
    """Lets the nodes that take `old` take `new`."""
    for node in model.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]


def input_nodes(model: Any) -> list[str]:
    """Returns the names of the nodes that standardise the image: those from the input on that add constants alone."""
    taken_by, values = consumers(model), constants(model)
    names, tensor = [], model.graph.input[0].name
    while len(taken_by.get(tensor, ())) == 1:
        node = taken_by[tensor][0]
        others = [name for name in node.input if name != tensor]
        if node.op_type not in ("Cast", *_MOVES, *_ARITHMETIC) or any(name not in values for name in others):
            break
        names.append(node.name)
        tensor = node.output[0]
    return names


def _follow(model: Any, image: str) -> _Chain | None:
    """Walks from the image as long as one node after the other is affine; None where nothing casts it to float."""
    taken_by, values = consumers(model), constants(model)
    chain = _Chain(image, 1.0, 0.0)
    is_float = False
    while len(taken_by.get(chain.tensor, ())) == 1:
        node = taken_by[chain.tensor][0]
        step = _step(chain, node, values)
        if step is None:
            break
        is_float = is_float or node.op_type == "Cast"
        chain = step
    # Arithmetic that goes on, with a number a channel, is better quantized once, at its end.
    done = all(node.op_type not in _ARITHMETIC for node in taken_by.get(chain.tensor, ()))
    return chain if is_float and done else None


def _step(chain: _Chain, node: Any, values: Mapping[str, NDArray[Any]]) -> _Chain | None:
    """Returns the chain with one more node; None where the node is not affine with one number for all pixels."""
    from onnx import TensorProto

    output = node.output[0]
    if node.op_type == "Cast":
        if node.attribute[0].i != TensorProto.FLOAT:
            return None
        return replace(chain, tensor=output)
    if node.op_type in _MOVES:
        return replace(chain, tensor=output, moves=(*chain.moves, node))
    if node.op_type not in _ARITHMETIC:
        return None
    number = scalar(values, node.input[1] if node.input[0] == chain.tensor else node.input[0])
    backwards = node.op_type in ("Div", "Sub") and node.input[0] != chain.tensor
    if number is None or backwards or (node.op_type == "Div" and number == 0):
        return None
    factor, offset = applied(node.op_type, number, chain.factor, chain.offset)
    return replace(chain, tensor=output, factor=factor, offset=offset)


def _replayed(move: Any, index: int, image: str) -> Any:
    """Returns the same move for bytes: the first takes the image, each other what the one before it gives."""
    copy = type(move)()
    copy.CopyFrom(move)
    copy.name, copy.output[0] = f"image.move_{index}", f"image.moved_{index}"
    copy.input[0] = f"image.moved_{index - 1}" if index else image
    return copy
