"""Grids of images with what they are and what the model takes them for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cnnkit.spec import ModelSpec
from cnnkit.train.evaluation_answers import Shown
from cnnkit.train.pictures import open_picture, picture_text

_CELL = (1.7, 2.3)  # inches, width and height
_RIGHT, _WRONG = "#1a7f37", "#b42318"


def draw_grid(shown: Sequence[Shown], spec: ModelSpec, title: str, path: Path) -> None:
    """Draws images in rows, each with its true and its predicted label, green where they agree and red elsewhere.

    Args:
        shown: At least one image.
        spec: Labels and colour order.
        title: What stands above them.
        path: The PNG file.
    """
    columns = min(len(shown), max(4, math.floor(math.sqrt(len(shown) * 1.5))))
    rows = math.ceil(len(shown) / columns)
    width, height = _CELL
    with open_picture(path, max(4.0, width * columns), height * rows + 0.4) as figure:
        figure.suptitle(title, fontsize=11)
        cells = figure.subplots(rows, columns, squeeze=False).reshape(-1)
        for axes in cells:
            axes.set_axis_off()
        for axes, item in zip(cells, shown, strict=False):
            _draw_image(axes, item, spec)
            true, predicted = (picture_text(spec.labels[index], 15) for index in (item.target, item.predicted))
            colour = _RIGHT if item.target == item.predicted else _WRONG
            sure = f"{100 * item.probability:.1f} %"
            axes.set_title(f"true: {true}\npredicted: {predicted}\n{sure}", fontsize=8, color=colour)


def _draw_image(axes: Any, shown: Shown, spec: ModelSpec) -> None:
    if spec.input.color == "gray":
        axes.imshow(shown.image[..., 0], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        return
    rgb = shown.image if spec.input.color == "rgb" else shown.image[..., ::-1]
    axes.imshow(rgb, interpolation="nearest")
