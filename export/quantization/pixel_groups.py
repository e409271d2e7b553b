"""Lets the first convolution of a quantized graph take several neighbouring pixels as one with more channels.

onnxruntime's integer kernels read a layer's input where it lies if its channels come in fours, and copy it together
pixel by pixel if they do not: for the three of an image that takes longer than the products. `g` pixels side by side
are one pixel of 3 g channels as they lie, and nothing moves; a kernel over such groups has zeros where it reaches past
the pixels that it is for. With a stride of `s` a group gives `g / s` neighbouring results, as channels, which are
neighbouring pixels as they lie. Integers stay what they are, so the answers are the same to the bit; what zeros are
multiplied with is work that a CPU without fast products of bytes does for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.graph import add_constant, attributes, constants, consumers, producers, remove_unused, static_shapes

_CHANNELS = 4  # input channels come in so many
_TO_PIXELS, _TO_PLANES = [0, 2, 3, 1], [0, 3, 1, 2]  # NCHW to NHWC and back
_PREFIX = "pixel_groups"  # of new names
Values = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class _First:
    """The first convolution of a graph, and what stands around it."""

    node: Any
    image: str  # the integers that it takes, (N, channels, height, width)
    sources: tuple[Any, ...]  # DequantizeLinear of image, weight and, if there is one, bias
    result: str  # the integers that it gives
    channels: int
    width: int
    outputs: int  # channels
    out_width: int
    strides: tuple[int, int]  # down, along
    pads: tuple[int, int, int]  # above, in front, below


def group_pixels(model: Any) -> int:
    """Rewrites the first convolution where that can be done and is of use.

    Args:
        model: A quantized onnx.ModelProto with DequantizeLinear and QuantizeLinear around its layers; it is changed.

    Returns:
        How many pixels a group has; 0 where nothing was changed.
    """
    values = constants(model)
    first = _rewritable(model, values)
    if first is None:
        return 0
    stride, (above, in_front, below) = first.strides[1], first.pads
    results = next(few for few in (1, 2, 4) if first.channels * stride * few % _CHANNELS == 0)
    if first.channels % _CHANNELS == 0 or first.out_width % results:
        return 0
    pixels = stride * results
    integers, _, zero = (values[name] for name in first.sources[1].input)
    kernel, reach = grouped_kernel(integers, zero, stride, in_front, results)
    _take_groups(model, first, pixels)
    _put_constants(model, first, values, kernel, results)
    _set(
        first.node, kernel_shape=kernel.shape[2:], pads=(above, -reach[0], below, reach[1]),
        strides=(first.strides[0], 1),
    )  # fmt: skip
    _give_pixels(model, first)
    del model.graph.value_info[:]
    remove_unused(model)
    return pixels


def first_convolution(model: Any) -> Any:
    """Returns the node that takes groups of pixels where that can be done; None where a graph has no convolution."""
    return next((node for node in model.graph.node if node.op_type == "Conv"), None)


def grouped_kernel(
    weight: NDArray[Any], zero: NDArray[Any], stride: int, padding: int, results: int
) -> tuple[NDArray[Any], tuple[int, int]]:
    """Spreads a kernel over groups of pixels.

    Args:
        weight: (outputs, channels, height, width).
        zero: The integer that means 0, one for all or (outputs,).
        stride: From one result to the next in a row, in pixels.
        padding: Pixels in front of a row.
        results: Neighbouring results that a group gives.

    Returns:
        (results * outputs, pixels * channels, height, groups), and the first and the last group that it reaches, 0
        being the one it is at.
    """
    outputs, channels, height, width = weight.shape
    pixels = stride * results
    places = [[stride * result - padding + column for column in range(width)] for result in range(results)]
    first, last = min(map(min, places)) // pixels, max(map(max, places)) // pixels
    spread = np.empty((results, outputs, pixels, channels, height, last - first + 1), weight.dtype)
    spread[:] = zero.reshape(-1, 1, 1, 1, 1)
    for result, columns in enumerate(places):
        for column, place in enumerate(columns):
            group, pixel = divmod(place, pixels)
            spread[result, :, pixel, :, :, group - first] = weight[:, :, :, column]
    shape = (results * outputs, pixels * channels, height, last - first + 1)
    return np.ascontiguousarray(spread.reshape(shape)), (first, last)


def _rewritable(model: Any, values: Values) -> _First | None:
    """Finds the first convolution, where it is between integers and of a known size; else None."""
    made_by, taken_by = producers(model), consumers(model)
    node = first_convolution(model)
    if node is None:
        return None
    sources = tuple(made_by[name] for name in node.input if name in made_by)
    takers = taken_by.get(node.output[0], [])
    if len(sources) != len(node.input) or any(one.op_type != "DequantizeLinear" for one in sources):
        return None
    if [one.op_type for one in takers] != ["QuantizeLinear"] or len(taken_by[sources[0].output[0]]) > 1:
        return None
    if any(len(one.input) < 3 or any(name not in values for name in one.input) for one in sources[1:]):
        return None
    shapes = static_shapes(model, batch=1)
    image, result = shapes.get(sources[0].input[0], ()), shapes.get(node.output[0], ())
    said, kernel = attributes(node), values[sources[1].input[0]].shape
    if len(image) != 4 or len(result) != 4 or said.get("group", 1) != 1 or image[1] != kernel[1]:
        return None
    down, along = said.get("strides", (1, 1))
    if any(step != 1 for step in said.get("dilations", ())) or result[3] * along != image[3]:
        return None  # a row is no whole number of strides
    above, below = _padding(said, 0, image[2], result[2], kernel[2], down)
    in_front, _ = _padding(said, 1, image[3], result[3], kernel[3], along)
    return _First(
        node, sources[0].input[0], sources, takers[0].output[0], channels=image[1], width=image[3],
        outputs=result[1], out_width=result[3], strides=(down, along), pads=(above, in_front, below),
    )  # fmt: skip


def _padding(said: Mapping[str, Any], axis: int, size: int, out: int, kernel: int, stride: int) -> tuple[int, int]:
    """Returns how many pixels a convolution adds before and behind, of the height (axis 0) or the width (1)."""
    way = said.get("auto_pad", b"NOTSET")
    if way in (b"SAME_UPPER", b"SAME_LOWER"):
        total = max((out - 1) * stride + kernel - size, 0)
        less = total // 2
        return (less, total - less) if way == b"SAME_UPPER" else (total - less, less)
    pads = said.get("pads", (0, 0, 0, 0))
    return pads[axis], pads[axis + 2]


def _take_groups(model: Any, first: _First, pixels: int) -> None:
    """Lets the convolution take groups of pixels."""
    shape = np.array([0, 0, first.width // pixels, pixels * first.channels], np.int64)
    taken = _reshaped(model, first.image, shape, f"{_PREFIX}.taken", before=first.sources[0])
    first.sources[0].input[0] = taken


def _give_pixels(model: Any, first: _First) -> None:
    """Makes pixels of what it gives, for all who take that."""
    takers = [node for node in model.graph.node if first.result in node.input]
    shape = np.array([0, 0, first.out_width, first.outputs], np.int64)
    given = _reshaped(model, first.result, shape, f"{_PREFIX}.given", before=takers[0])
    for node in takers:
        node.input[:] = [given if name == first.result else name for name in node.input]


def _reshaped(model: Any, tensor: str, shape: NDArray[np.int64], name: str, *, before: Any) -> str:
    """Puts nodes before another that give a tensor's pixels another shape, (N, height, width, channels)."""
    from onnx import helper

    shape_name = add_constant(model, f"{name}.shape", shape)
    place = list(model.graph.node).index(before)
    for node in reversed(
        (
            helper.make_node("Transpose", [tensor], [f"{name}.pixels"], f"{name}.to_pixels", perm=_TO_PIXELS),
            helper.make_node("Reshape", [f"{name}.pixels", shape_name], [f"{name}.groups"], f"{name}.reshape"),
            helper.make_node("Transpose", [f"{name}.groups"], [name], f"{name}.to_planes", perm=_TO_PLANES),
        )
    ):
        model.graph.node.insert(place, node)
    return name


def _put_constants(model: Any, first: _First, values: Values, kernel: NDArray[Any], results: int) -> None:
    """Gives the convolution its kernel, and scales, zero points and biases once for each result."""
    _, weight, *bias = first.sources
    for source, kind in ((weight, "weight"), *((one, "bias") for one in bias)):
        for place, part in enumerate(("integers", "scale", "zero_point")):
            value = values[source.input[place]]
            if value.ndim:  # else one number for all
                value = kernel if (kind, place) == ("weight", 0) else np.tile(value, results)
                source.input[place] = add_constant(model, f"{_PREFIX}.{kind}.{part}", value)


def _set(node: Any, **said: tuple[int, ...]) -> None:
    """Gives a node these attributes and no others."""
    from onnx import helper

    del node.attribute[:]
    node.attribute.extend(helper.make_attribute(name, value) for name, value in said.items())
