"""8-bit weights that cannot saturate: scales and integers of which no two that meet are too large.

x86 CPUs without VNNI multiply unsigned activations with signed weights by VPMADDUBSW, which adds two products in 16
bits: 255 * (p + q) stays within them as long as two weights of one sign sum to 128 at most. Weights in 7 bits always
do, and give up a bit everywhere for the few large ones that meet.

Which weights meet: onnxruntime's kernels take the weights of one output in the order (height, width, input channels)
and add the first product to the second, the third to the fourth and so on, in 1.19 as in 1.31; `test_haswell.py` tries
every pair of some layers on an emulated CPU. Other kernels begin anew at each position (height, width), which is
another order only where the number of input channels is odd: both are kept to. A first convolution of an odd number of
channels may be given groups of pixels later (`pixel_groups`), in which each row of its kernel begins at an even or at
an odd place: on request its weights keep to these orders, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST_SUM = 128  # of two weights of one sign: 255 * 128 = 32,640, and 16 bits hold 32,767
LARGEST = 127  # weight
_NARROWEST, _SCALES = 0.4, 25  # scales tried, from this part of the one at which nothing is cut off

Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]  # places of the first and of the second of each pair in a row


def rows_of(weight: NDArray[Any]) -> NDArray[Any]:
    """Returns the weights of each output in the order of the kernels.

    Args:
        weight: (outputs, inputs, ...) of a convolution, or (outputs, inputs) of a dense layer.

    Returns:
        (outputs, ... * inputs).
    """
    return np.moveaxis(weight, 1, -1).reshape(len(weight), -1)


def weight_of(rows: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Puts rows back into the shape of the weight that `rows_of` made them of."""
    return np.ascontiguousarray(np.moveaxis(rows.reshape(shape[0], *shape[2:], shape[1]), -1, 1))


def neighbours(shape: tuple[int, ...], *, in_groups: bool = False) -> tuple[Pairs, ...]:
    """Returns the pairs of places in a row whose weights are added in 16 bits, one entry for each order of kernels.

    Args:
        shape: Of the weight, as `rows_of` takes it.
        in_groups: Adds the orders that a convolution has on groups of pixels.
    """
    inputs, count = shape[1], int(np.prod(shape[1:]))
    places = np.arange(count)
    straight = (places[0 : count - 1 : 2], places[1::2])
    in_groups = in_groups and len(shape) == 4
    if inputs % 2 == 0 or (count == inputs and not in_groups):
        return (straight,)
    firsts = [places[(places % inputs % 2 == 0) & (places % inputs < inputs - 1)]]
    if in_groups:
        row = inputs * shape[3]
        firsts += [places[(places % row % 2 == odd) & (places % row < row - 1)] for odd in (0, 1)]
    return (straight, *((first, first + 1) for first in firsts if len(first)))


def largest_sums(weight: NDArray[np.int8]) -> NDArray[np.int32]:
    """Returns the largest sum of two weights of one sign that are added in 16 bits, for each output.

    Args:
        weight: (outputs, inputs, ...) int8.

    Returns:
        (outputs,) int32; above 128 the output can saturate.
    """
    rows = rows_of(weight).astype(np.int32)
    largest = np.zeros(len(rows), np.int32)
    for first, second in neighbours(weight.shape):
        largest = np.maximum(largest, _sums(rows[:, first], rows[:, second]).max(axis=1, initial=0))
    return largest


def quantize_weight(
    weight: NDArray[np.float32],
    *,
    least: NDArray[np.float32] | float = 0.0,
    alone: bool = False,
    in_groups: bool = False,
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Quantizes a weight in 8 bits so that it cannot saturate, at the scales that cost least.

    For each output several scales are tried: a weight that is too large for one is cut off, of a pair that sums to too
    much both are rounded together, and the scale with the least squared error is taken.

    Args:
        weight: (outputs, inputs, ...) float32.
        least: (outputs,) float32 or a number, smaller than which no scale may be.
        alone: Let the weights be of a kernel that adds no pairs.
        in_groups: Let them not saturate on groups of pixels either, see `neighbours`.

    Returns:
        int8 of the same shape, from -127 to 127, and (outputs,) float32 scales; the zero point is 0.
    """
    rows = rows_of(weight).astype(np.float32)
    pairs = () if alone else neighbours(weight.shape, in_groups=in_groups)
    whole = np.maximum(_whole_scales(rows, pairs), least)
    whole = np.where(whole > 0, whole, 1.0).astype(np.float32)
    best, scales = np.full(len(rows), np.inf), whole.copy()
    integers = np.zeros(rows.shape, np.float32)
    for part in np.linspace(1.0, _NARROWEST, _SCALES, dtype=np.float32):
        scale = np.maximum(whole * part, least).astype(np.float32)
        tried = _rounded(rows / scale[:, None], pairs)
        error = np.square(rows - tried * scale[:, None]).sum(axis=1)
        better = error < best
        best[better], scales[better], integers[better] = error[better], scale[better], tried[better]
    return weight_of(integers.astype(np.int8), weight.shape), scales


def shortened(weight: NDArray[np.int8], *, in_groups: bool = False) -> NDArray[np.int8]:
    """Returns integers of which no two can saturate: pairs that sum to too much lose the excess, half each.

    Args:
        weight: (outputs, inputs, ...) int8.
        in_groups: Lets them not saturate on groups of pixels either, see `neighbours`.
    """
    rows = rows_of(weight).astype(np.float32)
    safe = _rounded(rows, neighbours(weight.shape, in_groups=in_groups))
    return weight_of(safe.astype(np.int8), weight.shape)


def _sums(first: NDArray[np.int32], second: NDArray[np.int32]) -> NDArray[np.int32]:
    """Returns what pairs sum to in magnitude; of two signs the larger one alone, as the other's input may be 0."""
    low = np.minimum(np.minimum(first, second), np.minimum(first + second, 0))
    high = np.maximum(np.maximum(first, second), np.maximum(first + second, 0))
    sums: NDArray[np.int32] = np.maximum(high, -low)
    return sums


def _whole_scales(rows: NDArray[np.float32], pairs: tuple[Pairs, ...]) -> NDArray[np.float32]:
    """Returns the scale of each row at which nothing is cut off and nothing can saturate."""
    whole: NDArray[np.float32] = np.abs(rows).max(axis=1, initial=0) / LARGEST
    for first, second in pairs:
        sums = np.maximum(
            np.abs(np.maximum(rows[:, first], 0) + np.maximum(rows[:, second], 0)),
            np.abs(np.minimum(rows[:, first], 0) + np.minimum(rows[:, second], 0)),
        )
        whole = np.maximum(whole, sums.max(axis=1, initial=0) / LARGEST_SUM)
    return whole


def _rounded(rows: NDArray[np.float32], pairs: tuple[Pairs, ...]) -> NDArray[np.float32]:
    """Rounds rows that are in units of their scale; a pair that sums to too much loses the excess, half each."""
    rounded = np.clip(np.rint(rows), -LARGEST, LARGEST)
    for first, second in pairs:
        one, other = rounded[:, first], rounded[:, second]
        output, pair = np.nonzero((np.abs(one + other) > LARGEST_SUM) & (one * other > 0))
        places = (first[pair], second[pair])
        # Of another order of kernels one of the two may have been shortened before, which stays.
        one, other = (np.minimum(np.abs(rows[output, at]), np.abs(rounded[output, at])) for at in places)
        sign = np.sign(rounded[output, places[0]])
        lowest = LARGEST_SUM - np.abs(rounded[output, places[1]])
        kept = np.clip(np.rint((one - other + LARGEST_SUM) / 2), lowest, np.abs(rounded[output, places[0]]))
        rounded[output, places[0]] = sign * kept
        rounded[output, places[1]] = sign * (LARGEST_SUM - kept)
    return rounded
