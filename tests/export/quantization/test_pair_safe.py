from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from cnnkit.export.quantization.pair_safe import (
    largest_sums,
    neighbours,
    quantize_weight,
    rows_of,
    shortened,
    weight_of,
)

SHAPES = [(5, 6), (4, 7), (3, 8, 1, 1), (3, 7, 1, 1), (4, 4, 3, 3), (4, 3, 3, 3), (2, 5, 3, 2), (6, 1, 3, 3)]


def drawn(shape, seed=0):
    weight = np.random.default_rng(seed).standard_t(2, shape)  # a few weights are far larger than the others
    return weight.astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_are_in_the_order_of_kernels(shape):
    weight = drawn(shape)
    rows = rows_of(weight)
    if len(shape) == 4:
        _, inputs, _, width = shape
        for place in range(rows.shape[1]):
            at, channel = divmod(place, inputs)
            np.testing.assert_array_equal(rows[:, place], weight[:, channel, at // width, at % width])
    np.testing.assert_array_equal(weight_of(rows, shape), weight)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1, 4), [[(0, 1), (2, 3)]]),
        ((1, 5), [[(0, 1), (2, 3)]]),
        ((1, 2, 1, 2), [[(0, 1), (2, 3)]]),
        ((1, 3, 1, 2), [[(0, 1), (2, 3), (4, 5)], [(0, 1), (3, 4)]]),
        ((1, 1, 2, 2), [[(0, 1), (2, 3)]]),
        ((1, 1), [[]]),
    ],
)
def test_which_weights_meet(shape, expected):
    assert [list(zip(*(places.tolist() for places in order), strict=True)) for order in neighbours(shape)] == expected


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1, 4), [[(0, 1), (2, 3)]]),
        ((1, 2, 1, 2), [[(0, 1), (2, 3)]]),
        ((1, 3, 1, 1), [[(0, 1)], [(0, 1)], [(0, 1)], [(1, 2)]]),
        ((1, 3, 1, 2), [[(0, 1), (2, 3), (4, 5)], [(0, 1), (3, 4)], [(0, 1), (2, 3), (4, 5)], [(1, 2), (3, 4)]]),
        ((1, 1, 2, 3), [[(0, 1), (2, 3), (4, 5)], [(0, 1), (3, 4)], [(1, 2), (4, 5)]]),
    ],
)
def test_which_weights_meet_in_groups_of_pixels(shape, expected):
    orders = neighbours(shape, in_groups=True)
    assert [list(zip(*(places.tolist() for places in order), strict=True)) for order in orders] == expected


@pytest.mark.parametrize(
    ("row", "largest"),
    [
        ([127, 1, 0, 0], 128),
        ([127, 2, 0, 0], 129),
        ([127, -127, 0, 0], 127),  # the input of one of them may be 0
        ([0, 100, 100, 0], 100),  # neighbours that do not meet
        ([-100, -29, 64, 64], 129),
        ([-128, 0, 0, 0], 128),
    ],
)
def test_the_largest_sum(row, largest):
    assert largest_sums(np.array([row], np.int8)).tolist() == [largest]


@pytest.mark.parametrize("shape", SHAPES)
def test_no_pair_is_too_large_and_little_is_lost(shape):
    weight = drawn(shape)
    integers, scales = quantize_weight(weight)
    assert integers.dtype == np.int8 and integers.shape == weight.shape and scales.shape == (len(weight),)
    assert largest_sums(integers).max() <= 128 and np.abs(integers.astype(int)).max() <= 127
    seven = np.abs(weight).reshape(len(weight), -1).max(axis=1) / 64
    per_output = (-1, *(1,) * (weight.ndim - 1))
    own = np.square(integers * scales.reshape(per_output) - weight).sum()
    coarse = seven.reshape(per_output)
    assert own < 0.6 * np.square(np.rint(weight / coarse) * coarse - weight).sum()


def test_the_whole_range_is_used_where_large_weights_stand_alone():
    weight = np.float32([[1.0, 0.001, -1.0, 0.002], [1.0, 1.0, -1.0, -1.0]])
    integers, scales = quantize_weight(weight)
    assert np.abs(integers[0]).max() >= 126
    assert integers[1].tolist() == [64, 64, -64, -64]
    np.testing.assert_allclose(integers * scales[:, None], weight, atol=0.005)


def test_of_a_pair_that_is_too_large_both_give_way():
    integers, _ = quantize_weight(np.float32([[0.9, 0.8, *[0.05] * 2000]]))
    first, second = integers[0, :2].astype(int)
    assert first + second == 128 and abs(first - 1.1 * second) < 10


def test_kernels_that_add_no_pairs_keep_all_bits():
    integers, scales = quantize_weight(np.ones((4, 1, 3, 3), np.float32), alone=True)
    assert (integers == 127).all()
    np.testing.assert_allclose(scales, 1 / 127, rtol=1e-6)


def test_outputs_without_weights_and_biases_without_room():
    integers, scales = quantize_weight(np.zeros((2, 4), np.float32), least=np.float32([0, 0.5]))
    assert not integers.any() and scales.tolist() == [1.0, 0.5]
    integers, scales = quantize_weight(np.float32([[1, 0, 1, 0]]), least=np.float32([2.0]))
    assert scales.tolist() == [2.0] and np.abs(integers).max() <= 1


@given(st.integers(0, 2**32 - 1), st.sampled_from(SHAPES))
@settings(max_examples=40)
def test_shortened_integers_are_safe_and_stay_close(seed, shape):
    weight = np.random.default_rng(seed).integers(-128, 128, shape).astype(np.int8)
    safe = shortened(weight)
    before, after = (largest_sums(each) for each in (weight, safe))
    assert after.max() <= 128
    assert (np.abs(safe.astype(int)) <= np.abs(weight.astype(int))).all()
    assert (safe.astype(int) * weight >= 0).all()
    settled = shortened(safe)
    np.testing.assert_array_equal(settled, safe)
    limited = np.maximum(weight, -127)
    for row in np.flatnonzero(before <= 128):
        np.testing.assert_array_equal(safe[row], limited[row])
