from __future__ import annotations

import cv2
import numpy as np
import pytest

from cnnkit.filters.convolution import convolve
from cnnkit.filters.kernels import KERNELS


def of_opencv(dx: int, dy: int, size: int) -> np.ndarray:
    """The kernel that cv2.Sobel applies for these derivatives."""
    across, down = cv2.getDerivKernels(dx, dy, size)
    return down @ across.T


def sobel_of(image: np.ndarray, dx: int, dy: int) -> np.ndarray:
    return cv2.Sobel(image, cv2.CV_64F, dx, dy)[1:-1, 1:-1]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("vertical-edges", [[-1, 0, 1]] * 3),
        ("horizontal-edges", [[-1] * 3, [0] * 3, [1] * 3]),
        ("sobel-x", of_opencv(1, 0, 3).tolist()),
        ("sobel-y", of_opencv(0, 1, 3).tolist()),
        ("sharpening", [[0, 1, 0], [1, -5, 1], [0, 1, 0]]),
        ("gaussian-blur", [[1, 2, 1], [2, 4, 2], [1, 2, 1]]),
    ],
)
def test_weights_and_their_sum(name: str, rows: list[list[float]]) -> None:
    kernel = KERNELS[name]
    assert kernel.weights().tolist() == rows
    assert kernel.sum == np.sum(rows)


def test_these_are_all() -> None:
    assert [*KERNELS] == ["vertical-edges", "horizontal-edges", "sobel-x", "sobel-y", "sharpening", "gaussian-blur"]


@pytest.mark.parametrize(("name", "dx", "dy"), [("sobel-x", 1, 0), ("sobel-y", 0, 1)])
def test_sobel_is_that_of_opencv(name: str, dx: int, dy: int) -> None:
    image = np.random.default_rng(1).integers(0, 256, (20, 30), np.uint8)
    assert np.array_equal(convolve(image, KERNELS[name].weights()), sobel_of(image, dx, dy))


@pytest.mark.parametrize(
    ("name", "sees"),
    [("vertical-edges", "across"), ("sobel-x", "across"), ("horizontal-edges", "down"), ("sobel-y", "down")],
)
def test_edges_are_positive_where_it_brightens_and_blind_to_the_other_direction(name: str, sees: str) -> None:
    brighter_right = np.tile(np.arange(9, dtype=np.uint8), (9, 1))
    along, other = (brighter_right, brighter_right.T) if sees == "across" else (brighter_right.T, brighter_right)
    assert (convolve(along, KERNELS[name].weights()) > 0).all()
    assert not convolve(other, KERNELS[name].weights()).any()
