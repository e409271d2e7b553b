"""Padding, convolution and pooling: by hand, against OpenCV, and against ONNX's own operators in ONNX Runtime."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from cnnkit.errors import ImageError, UsageError
from cnnkit.filters.convolution import convolve, pad_zeros
from cnnkit.filters.kernels import KERNELS
from cnnkit.filters.pooling import pool_average, pool_max

SQUARE = np.arange(16, dtype=np.uint8).reshape(4, 4)
SIDES = st.integers(1, 12)
STRIDES = st.tuples(st.integers(1, 4), st.integers(1, 4))
POOLS = {"MaxPool": pool_max, "AveragePool": pool_average}


@st.composite
def images_with_windows(draw: st.DrawFn) -> tuple[np.ndarray, tuple[int, int]]:
    """A gray image and the size of a window that fits into it."""
    image = draw(arrays(np.uint8, st.tuples(SIDES, SIDES)))
    return image, (draw(st.integers(1, min(7, image.shape[0]))), draw(st.integers(1, min(7, image.shape[1]))))


@st.composite
def images_with_kernels(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """A gray image and a kernel of whole numbers that fits into it."""
    image, window = draw(images_with_windows())
    return image, draw(arrays(np.int64, window, elements=st.integers(-9, 9)))


def run_onnx(operator: str, *tensors: np.ndarray, **attributes: Any) -> np.ndarray:
    """Runs one operator on (n, m) images and (k, l) weights, as float32, and returns (a, b)."""
    from onnx import TensorProto, helper

    inputs = {f"x{index}": tensor[None, None].astype(np.float32) for index, tensor in enumerate(tensors)}
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in inputs.items()]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, None, None])
    node = helper.make_node(operator, list(inputs), ["y"], **attributes)
    model = helper.make_model(
        helper.make_graph([node], "one", infos, [output]), opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0][0, 0]


@pytest.mark.parametrize(
    ("d", "expected"),
    [
        pytest.param(0, [[1, 2]], id="none"),
        pytest.param(1, [[0, 0, 0, 0], [0, 1, 2, 0], [0, 0, 0, 0]], id="one"),
    ],
)
def test_padding_by_hand(d: int, expected: list[list[int]]) -> None:
    image = np.array([[1, 2]], np.uint8)
    padded = pad_zeros(image, d)
    assert padded.tolist() == expected
    assert padded.dtype == np.uint8 and not np.shares_memory(padded, image)


@given(image=arrays(np.int16, st.tuples(SIDES, SIDES)), d=st.integers(0, 5))
def test_padding_is_that_of_numpy(image: np.ndarray, d: int) -> None:
    assert np.array_equal(pad_zeros(image, d), np.pad(image, d))


@pytest.mark.parametrize(
    ("kernel", "stride", "expected"),
    [
        pytest.param([[1]], (1, 1), SQUARE.tolist(), id="identity"),
        pytest.param([[1, 0], [0, 0]], (1, 1), SQUARE[:3, :3].tolist(), id="top left, not flipped"),
        pytest.param([[0, 0], [0, 1]], (1, 1), SQUARE[1:, 1:].tolist(), id="bottom right, not flipped"),
        pytest.param([[0, 1]], (2, 1), [[1, 2, 3], [9, 10, 11]], id="every second row"),
        pytest.param([[-1, 1]], (1, 3), [[1]] * 4, id="the third step does not fit"),
        pytest.param(np.ones((4, 4)), (9, 9), [[120]], id="as large as the image"),
        pytest.param([[0.5], [0.25]], (3, 3), [[1, 3.25]], id="fractions"),
    ],
)
def test_convolution_by_hand(kernel: Any, stride: tuple[int, int], expected: list[list[float]]) -> None:
    convolved = convolve(SQUARE, np.asarray(kernel), stride)
    assert (convolved.tolist(), convolved.dtype) == (expected, np.float64)


def test_whole_numbers_beyond_eight_bits_are_exact() -> None:
    image = np.full((3, 3), 255, np.uint8)
    assert convolve(image, np.full((3, 3), 255, np.uint8)).item() == 9 * 255**2
    assert convolve(image.astype(np.int64) * 2**40, np.ones((3, 3), np.int64)).item() == 9 * 255 * 2**40


@given(images_with_kernels())
def test_convolution_is_that_of_opencv(case: tuple[np.ndarray, np.ndarray]) -> None:
    image, kernel = case
    expected = cv2.filter2D(image.astype(np.float64), -1, kernel.astype(np.float64), anchor=(0, 0))
    rows, columns = image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1
    assert np.array_equal(convolve(image, kernel), expected[:rows, :columns])


@pytest.mark.parametrize("name", KERNELS)
def test_padded_by_one_a_classic_kernel_keeps_the_size_as_filter2d_does(name: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (23, 31), np.uint8)
    weights = KERNELS[name].weights()
    expected = cv2.filter2D(image, cv2.CV_64F, weights, borderType=cv2.BORDER_CONSTANT)
    assert np.array_equal(convolve(pad_zeros(image, 1), weights), expected)


@settings(max_examples=50)
@given(case=images_with_kernels(), stride=STRIDES, d=st.integers(0, 3))
def test_padding_and_convolution_are_those_of_onnx(
    case: tuple[np.ndarray, np.ndarray], stride: tuple[int, int], d: int
) -> None:
    image, kernel = case
    expected = run_onnx("Conv", image, kernel, strides=stride, pads=[d] * 4)
    assert np.array_equal(convolve(pad_zeros(image, d), kernel, stride), expected)


@settings(max_examples=50)
@given(case=images_with_windows(), stride=st.none() | STRIDES, operator=st.sampled_from(sorted(POOLS)))
def test_pooling_is_that_of_onnx(
    case: tuple[np.ndarray, tuple[int, int]], stride: tuple[int, int] | None, operator: str
) -> None:
    image, window = case
    expected = run_onnx(operator, image, kernel_shape=window, strides=stride or window)
    pooled = POOLS[operator](image, window, stride)
    assert pooled.shape == expected.shape
    assert np.allclose(pooled, expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("pool", "window", "stride", "expected"),
    [
        pytest.param(pool_max, (2, 2), None, [[5, 7], [13, 15]], id="max, side by side"),
        pytest.param(pool_max, (2, 2), (1, 1), [[5, 6, 7], [9, 10, 11], [13, 14, 15]], id="max, stride 1"),
        pytest.param(pool_average, (2, 2), None, [[2.5, 4.5], [10.5, 12.5]], id="average, side by side"),
        pytest.param(pool_average, (3, 1), None, [[4, 5, 6, 7]], id="average, the rest is left out"),
        pytest.param(pool_average, (1, 4), (3, 1), [[1.5], [13.5]], id="average of rows, stride 3"),
    ],
)
def test_pooling_by_hand(pool: Any, window: tuple[int, int], stride: tuple[int, int] | None, expected: Any) -> None:
    pooled = pool(SQUARE, window, stride)
    assert pooled.tolist() == expected
    assert pooled.dtype == (np.uint8 if pool is pool_max else np.float64)


def test_an_average_of_bytes_does_not_overflow() -> None:
    assert pool_average(np.full((40, 40), 255, np.uint8), (40, 40)).item() == 255


@given(case=images_with_windows(), stride=STRIDES)
def test_the_average_is_the_convolution_with_an_even_kernel(
    case: tuple[np.ndarray, tuple[int, int]], stride: tuple[int, int]
) -> None:
    image, window = case
    even = np.full(window, 1 / (window[0] * window[1]))
    assert np.allclose(pool_average(image, window, stride), convolve(image, even, stride))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: convolve(SQUARE, np.ones((5, 2))),
            "a kernel of 5 x 2 does not fit into 4 x 4 values (height x width): take a smaller kernel, a larger image "
            "or more padding",
            id="kernel too high",
        ),
        pytest.param(
            lambda: pool_max(SQUARE, (1, 5)),
            "a pooling window of 1 x 5 does not fit into 4 x 4 values (height x width): take a smaller pooling window, "
            "a larger image or more padding",
            id="window too wide",
        ),
        pytest.param(
            lambda: convolve(SQUARE, np.ones((2, 2)), (0, 1)), "a stride of 0 x 1: expected at least 1 x 1", id="stride"
        ),
        pytest.param(
            lambda: pool_average(SQUARE, (2, 2), (1, -1)),
            "a stride of 1 x -1: expected at least 1 x 1",
            id="pooling stride",
        ),
        pytest.param(
            lambda: pool_max(SQUARE, (0, 2)), "a pooling window of 0 x 2: expected at least 1 x 1", id="no window"
        ),
        pytest.param(
            lambda: convolve(SQUARE, np.ones((0, 3))), "a kernel of 0 x 3: expected at least 1 x 1", id="empty kernel"
        ),
        pytest.param(
            lambda: convolve(SQUARE, np.ones(3)),
            "a kernel of shape (3,) float64: expected (height, width) of real numbers",
            id="flat kernel",
        ),
        pytest.param(
            lambda: convolve(SQUARE, np.ones((1, 1), complex)),
            "a kernel of shape (1, 1) complex128: expected (height, width) of real numbers",
            id="complex kernel",
        ),
        pytest.param(lambda: pad_zeros(SQUARE, -1), "a padding of -1: expected 0 or more", id="padding"),
    ],
)
def test_what_cannot_be_meant(call: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        pytest.param(np.zeros((4, 4, 3), np.uint8), "(4, 4, 3) uint8", id="colour"),
        pytest.param(np.zeros((0, 4), np.uint8), "(0, 4) uint8", id="empty"),
        pytest.param(np.zeros((4, 4), "timedelta64[s]"), "(4, 4) timedelta64[s]", id="no numbers"),
        pytest.param(np.zeros((4, 4), complex), "(4, 4) complex128", id="complex"),
    ],
)
@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda image: pad_zeros(image, 1), id="pad"),
        pytest.param(lambda image: convolve(image, np.ones((1, 1))), id="convolve"),
        pytest.param(lambda image: pool_max(image, (1, 1)), id="max"),
        pytest.param(lambda image: pool_average(image, (1, 1)), id="average"),
    ],
)
def test_what_is_no_gray_image(call: Any, image: np.ndarray, shown: str) -> None:
    with pytest.raises(ImageError) as caught:
        call(image)
    assert str(caught.value) == f"array: {shown}, expected a gray image: (height, width) of real numbers"
