from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from image_files import photo

from cnnkit.errors import ImageError
from cnnkit.images.preprocess import prepare_batch, resize_image
from cnnkit.spec import InputSpec

SQUARE = InputSpec(8, 8, 3)
CAT = photo(60, 80)


def area_matrix(size: int, target: int) -> np.ndarray:
    """(target, size): how much each of `size` pixels gives to each of `target` <= size, exactly."""
    i, j = np.arange(target)[:, None], np.arange(size)
    # In units in which a source pixel is `target` long and a result `size`.
    overlap = np.minimum((i + 1) * size, (j + 1) * target) - np.maximum(i * size, j * target)
    return np.maximum(overlap, 0) / size


def linear_matrix(size: int, target: int) -> np.ndarray:
    """(target, size): linear interpolation between pixel centres, for target >= size."""
    matrix = np.zeros((target, size))
    for i in range(target):
        position = min(max((i + 0.5) * size / target - 0.5, 0), size - 1)
        left = min(int(position), max(size - 2, 0))
        matrix[i, left] += 1 - (position - left)
        matrix[i, min(left + 1, size - 1)] += position - left
    return matrix


def reference(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    def matrix(size: int, target: int) -> np.ndarray:
        return area_matrix(size, target) if target <= size else linear_matrix(size, target)

    vertical, horizontal = matrix(pixels.shape[0], height), matrix(pixels.shape[1], width)
    return np.einsum("ij,jkc,lk->ilc", vertical, pixels.astype(float), horizontal, optimize=True)


@pytest.mark.parametrize(
    ("height", "width"),
    [(30, 40), (7, 9), (1, 1), (59, 79), (120, 160), (90, 81), (20, 100), (100, 20), (60, 33), (33, 80), (60, 120)],
    ids=lambda side: str(side),
)
def test_area_averages_what_shrinks_and_interpolates_what_grows(height: int, width: int) -> None:
    resized = resize_image(CAT, InputSpec(height, width, 3))
    assert resized.shape == (height, width, 3)
    assert np.abs(resized - reference(CAT, height, width)).max() <= 1.2  # each of two steps rounds by a half


@settings(max_examples=40)
@given(
    pixels=arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
)
def test_area_is_the_exact_average_for_any_sizes(pixels: np.ndarray, height: int, width: int) -> None:
    assert np.abs(resize_image(pixels, InputSpec(height, width, 3)) - reference(pixels, height, width)).max() <= 1.6


def test_area_never_aliases() -> None:
    stripes = np.zeros((640, 640, 3), np.uint8)
    stripes[:, ::2] = 255
    for width in (32, 31, 50):
        averaged = resize_image(stripes, InputSpec(32, width, 3))
        assert np.abs(averaged.astype(int) - 127).max() <= 12
    assert np.ptp(resize_image(stripes, InputSpec(32, 50, 3, interpolation="linear"))) > 200


@pytest.mark.parametrize(("interpolation", "method"), [("linear", cv2.INTER_LINEAR), ("cubic", cv2.INTER_CUBIC)])
def test_linear_and_cubic_are_those_of_opencv(interpolation: str, method: int) -> None:
    spec = InputSpec(25, 90, 3, interpolation=interpolation)  # type: ignore[arg-type]
    assert np.array_equal(resize_image(CAT, spec), cv2.resize(CAT, (90, 25), interpolation=method))


@pytest.mark.parametrize(
    ("shape", "target", "box"),
    [
        pytest.param((60, 80), (32, 32), (0, 60, 10, 70), id="wide"),
        pytest.param((80, 60), (32, 32), (10, 70, 0, 60), id="high"),
        pytest.param((60, 80), (30, 60), (10, 50, 0, 80), id="to-2:1"),
        pytest.param((60, 80), (60, 30), (0, 60, 25, 55), id="to-1:2"),
        pytest.param((61, 80), (32, 32), (0, 61, 9, 70), id="odd"),
        pytest.param((1, 80), (32, 32), (0, 1, 39, 40), id="one-row"),
        pytest.param((60, 80), (1, 100), (29, 30, 0, 80), id="very-wide-target"),
    ],
)
def test_crop_takes_the_largest_centred_part(
    shape: tuple[int, int], target: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    pixels = photo(*shape)
    top, bottom, left, right = box
    squashed = resize_image(np.ascontiguousarray(pixels[top:bottom, left:right]), InputSpec(*target, 3))
    assert np.array_equal(resize_image(pixels, InputSpec(*target, 3, resize="crop")), squashed)


@pytest.mark.parametrize(
    ("shape", "target", "box"),
    [
        pytest.param((60, 80), (32, 32), (4, 28, 0, 32), id="wide"),
        pytest.param((80, 60), (32, 32), (0, 32, 4, 28), id="high"),
        pytest.param((10, 10), (32, 40), (0, 32, 4, 36), id="enlarged"),
        pytest.param((1, 300), (32, 32), (15, 16, 0, 32), id="thin"),
        pytest.param((60, 80), (30, 40), (0, 30, 0, 40), id="same-aspect"),
    ],
)
def test_pad_scales_the_whole_image_to_fit_on_black(
    shape: tuple[int, int], target: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    pixels = np.maximum(photo(*shape) if max(shape) < 301 else CAT, 1)
    top, bottom, left, right = box
    padded = resize_image(pixels, InputSpec(*target, 3, resize="pad"))
    assert padded.shape == (*target, 3)
    inner = resize_image(pixels, InputSpec(bottom - top, right - left, 3))
    assert np.array_equal(padded[top:bottom, left:right], inner)
    outside = padded.copy()
    outside[top:bottom, left:right] = 0
    assert not outside.any()


def test_colour_orders() -> None:
    spec = InputSpec(60, 80, 3)
    assert np.array_equal(resize_image(CAT, replace(spec, color="bgr")), CAT[..., ::-1])
    gray = resize_image(CAT, replace(spec, color="gray", channels=1))
    assert gray.shape == (60, 80, 1)
    assert np.abs(gray[..., 0] - CAT @ np.array([0.299, 0.587, 0.114])).max() <= 0.51


def test_an_image_of_the_right_size_is_given_back_itself() -> None:
    for resize in ("squash", "crop", "pad"):
        assert resize_image(CAT, InputSpec(60, 80, 3, resize=resize)) is CAT  # type: ignore[arg-type]


@pytest.mark.parametrize("spec", [SQUARE, replace(SQUARE, resize="crop"), InputSpec(60, 60, 3, resize="crop")])
def test_views_are_taken_as_well(spec: InputSpec) -> None:
    for view in (CAT[:, ::-1], CAT[..., ::-1], CAT[::2, ::3]):
        resized = resize_image(view, spec)
        assert resized.flags.c_contiguous
        assert np.array_equal(resized, resize_image(np.ascontiguousarray(view), spec))


@pytest.mark.parametrize(
    ("pixels", "shown"),
    [
        (np.zeros((4, 5), np.uint8), "(4, 5) uint8"),
        (np.zeros((4, 5, 4), np.uint8), "(4, 5, 4) uint8"),
        (np.zeros((4, 5, 3), np.float32), "(4, 5, 3) float32"),
        (np.zeros((0, 5, 3), np.uint8), "(0, 5, 3) uint8"),
    ],
    ids=["gray", "alpha", "float", "empty"],
)
def test_arrays_that_are_no_images(pixels: np.ndarray, shown: str) -> None:
    with pytest.raises(ImageError) as caught:
        resize_image(pixels, SQUARE)
    assert str(caught.value) == f"array: {shown}, expected (height, width, 3) uint8 RGB"


BATCH = np.random.default_rng(1).integers(0, 256, (5, 8, 8, 3), np.uint8)


def test_a_uint8_tensor_is_the_batch_itself() -> None:
    assert prepare_batch(BATCH, SQUARE) is BATCH
    tensor = prepare_batch(BATCH, replace(SQUARE, layout="nchw"))
    assert tensor.flags.c_contiguous
    assert np.array_equal(tensor, BATCH.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
def test_float_tensors_follow_the_formula_in_float32(layout: str) -> None:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    spec = InputSpec(8, 8, 3, layout=layout, dtype="float32", scale=1 / 255, mean=mean, std=std)  # type: ignore[arg-type]
    tensor = prepare_batch(BATCH, spec)
    assert tensor.dtype == np.float32
    assert tensor.flags.c_contiguous
    scaled = BATCH.astype(np.float32) * np.float32(1 / 255)
    expected = (scaled - np.array(mean, np.float32)) / np.array(std, np.float32)
    assert np.array_equal(tensor, expected if layout == "nhwc" else expected.transpose(0, 3, 1, 2))


def test_empty_mean_and_std_are_zeros_and_ones() -> None:
    plain = InputSpec(8, 8, 3, dtype="float32")
    assert np.array_equal(prepare_batch(BATCH, plain), BATCH.astype(np.float32))
    full = replace(plain, mean=(0.0,) * 3, std=(1.0,) * 3)
    assert np.array_equal(prepare_batch(BATCH, full), prepare_batch(BATCH, plain))


def test_a_batch_is_not_changed() -> None:
    before = BATCH.copy()
    prepare_batch(BATCH, replace(SQUARE, dtype="float32", scale=0.5, mean=(1.0,) * 3, std=(2.0,) * 3))
    assert np.array_equal(BATCH, before)


@pytest.mark.parametrize("shape", [(8, 8, 3), (1, 8, 8, 1), (1, 3, 8, 8), (1, 9, 8, 3)], ids=str)
def test_batches_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ImageError) as caught:
        prepare_batch(np.zeros(shape, np.uint8), SQUARE)
    assert str(caught.value) == f"array: {shape} uint8, expected (N, 8, 8, 3) uint8"
