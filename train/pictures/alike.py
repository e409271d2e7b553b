"""Images of two splits that are nearly the same, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from cnnkit.spec import Color
from cnnkit.train.data import Dataset, LikePairs
from cnnkit.train.pictures.image_grids import Cell, draw_cells, label_lines

_MOST_PAIRS = 18
_COLUMNS = 6


def draw_alike(dataset: Dataset, alike: Sequence[LikePairs], color: Color, path: Path) -> None:
    """Draws the first pairs of each two splits, the two images of a pair beside each other.

    Args:
        dataset: The images.
        alike: What `dataset.alike()` found, at least one.
        color: The order of the images' channels.
        path: The PNG file.
    """
    splits, each = dataset.splits(), max(1, _MOST_PAIRS // len(alike))
    cells: list[Cell] = []
    for found in alike:
        for place, other in found.pairs[:each]:
            for name, index in ((found.first, int(place)), (found.second, int(other))):
                split = splits[name]
                image = split.read(np.array([index]))[0]
                cells.append(Cell(image, (name, *label_lines(dataset.labels[split.targets[index]]))))
    counts = chain.from_iterable((f"{found.images} {found.second} like {found.first}",) for found in alike)
    draw_cells(cells, min(_COLUMNS, len(cells)), color, f"nearly the same: {', '.join(counts)}", path)
