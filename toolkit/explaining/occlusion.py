"""Which part of an image carries an answer, by covering one part after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cnnkit.explaining.perturbing import Perturbed
from cnnkit.images import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELLS = 8  # a side of the map: half a small patch each
_SCALES = (2, 4)  # cells a side of a patch: an object may be as large as half of the image, or as small as a quarter


def occlusion_map(perturbed: Perturbed) -> NDArray[np.float32]:
    """Measures by how much the score falls when a patch is covered, at every place and in two sizes.

    A cell's value is the mean fall over the patches that cover it, of both sizes alike. Patches overlap by half and
    reach over the border, so that every cell is covered by four of each size. Source: Zeiler and Fergus, "Visualizing
    and Understanding Convolutional Networks", arXiv:1311.2901, section 4.2.

    Args:
        perturbed: The image.

    Returns:
        (cells down, cells right) float32; 8 x 8, with 106 evaluations, unless there are fewer pixels.
    """
    rows, columns = _cells(perturbed.height, perturbed.width)
    total = np.zeros((rows, columns), np.float64)
    for side in _SCALES:
        places = list(_places(rows, columns, side))
        windows = [_window(place, (rows, columns), (perturbed.height, perturbed.width)) for place in places]
        falls = perturbed.score - perturbed.covered_scores(windows)
        sums, counts = np.zeros((2, rows, columns), np.float64)
        for place, fall in zip(places, falls, strict=True):
            sums[place.slices] += fall
            counts[place.slices] += 1
        total += sums / counts
    return (total / len(_SCALES)).astype(np.float32)


def patches(height: int, width: int) -> int:
    """Returns how many patches there are on an image: so often the network is run."""
    cells = _cells(height, width)
    return sum(len(list(_places(*cells, side))) for side in _SCALES)


def _cells(height: int, width: int) -> tuple[int, int]:
    """Returns how many cells there are down and right: where the image is not square, neither are they."""
    return min(CELLS, height), min(CELLS, width)


def _places(rows: int, columns: int, side: int) -> Iterator[Window]:
    """Yields the patches, in cells, as far as they lie inside."""
    step = side // 2
    for top in range(-step, rows, step):
        for left in range(-step, columns, step):
            low, start = max(0, top), max(0, left)
            yield Window(low, start, min(rows, top + side) - low, min(columns, left + side) - start)


def _window(place: Window, cells: tuple[int, int], sides: tuple[int, int]) -> Window:
    """Returns the pixels of a patch."""
    scale_y, scale_x = sides[0] / cells[0], sides[1] / cells[1]
    top, left = round(place.top * scale_y), round(place.left * scale_x)
    bottom, right = round((place.top + place.height) * scale_y), round((place.left + place.width) * scale_x)
    return Window(top, left, bottom - top, right - left)
