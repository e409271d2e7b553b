"""How many images go through a graph at once, so that its activations stay small whatever its input size."""

from __future__ import annotations

from collections.abc import Collection
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.graph import static_shapes

_ROOM = 96 * 2**20  # bytes of activations alive at a time
_MOST = 256  # images
_VALUE = 4  # bytes, float32


def images_at_once(model: Any, kept: Collection[str] = ()) -> int:
    """Returns how many images keep the activations of a run below 96 MiB, at least one and at most 256.

    That is as many as the graph is fixed to, where it is. The two largest tensors that nodes make are taken for what is
    alive at once, as in a network without long branches.

    Args:
        model: An onnx.ModelProto with one input.
        kept: Names of tensors that stay alive until the run ends, as outputs do.
    """
    fixed = fixed_batch(model)
    if fixed is not None:
        return fixed
    shapes = static_shapes(model, 1)
    made = [name for node in model.graph.node for name in node.output]
    sizes = sorted((prod(shapes[name]) for name in made if name in shapes), reverse=True)
    alive = sum(sizes[:2]) + sum(prod(shapes[name]) for name in kept if name in shapes)
    return max(1, min(_MOST, _ROOM // (_VALUE * max(alive, 1))))


def fixed_batch(model: Any) -> int | None:
    """Returns how many images a graph takes, no more and no fewer; None where it takes any number.

    Args:
        model: An onnx.ModelProto with one input.
    """
    weights = {tensor.name for tensor in model.graph.initializer}
    image = next(value for value in model.graph.input if value.name not in weights)
    sizes: Any = image.type.tensor_type.shape.dim
    return (sizes[0].dim_value or None) if sizes else None  # 0 where it is a name, or open


def whole_batches(images: NDArray[np.uint8], size: int | None) -> NDArray[np.uint8]:
    """Returns images that fill batches of a fixed size: those at the end are left out, or the first ones repeated.

    Args:
        images: (N, height, width, channels) uint8, N at least 1.
        size: Images of a batch; None and 1 take all of them.
    """
    if size is None or size == 1:
        return images
    count = len(images) // size * size or size
    return images[np.arange(count) % len(images)]
