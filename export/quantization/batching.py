"""How many images go through a graph at once, so that its activations stay small whatever its input size."""

from __future__ import annotations

from collections.abc import Collection
from math import prod
from typing import Any

from cnnkit.export.graph import static_shapes

_ROOM = 96 * 2**20  # bytes of activations alive at a time
_MOST = 256  # images
_VALUE = 4  # bytes, float32


def images_at_once(model: Any, kept: Collection[str] = ()) -> int:
    """Returns how many images keep the activations of a run below 96 MiB, at least one and at most 256.

    The two largest tensors that nodes make are taken for what is alive at once, as in a network without long branches.

    Args:
        model: An onnx.ModelProto with one input.
        kept: Names of tensors that stay alive until the run ends, as outputs do.
    """
    shapes = static_shapes(model, 1)
    made = [name for node in model.graph.node for name in node.output]
    sizes = sorted((prod(shapes[name]) for name in made if name in shapes), reverse=True)
    alive = sum(sizes[:2]) + sum(prod(shapes[name]) for name in kept if name in shapes)
    return max(1, min(_MOST, _ROOM // (_VALUE * max(alive, 1))))
