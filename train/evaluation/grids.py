"""Grids of images with what they are and what the model takes them for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from cnnkit.spec import ModelSpec
from cnnkit.train.evaluation.answers import Shown
from cnnkit.train.pictures import Cell, draw_cells, picture_text

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
    draw_cells([_cell(item, spec) for item in shown], columns, spec.input.color, title, path)


def _cell(shown: Shown, spec: ModelSpec) -> Cell:
    true, predicted = (picture_text(spec.labels[index], 15) for index in (shown.target, shown.predicted))
    lines = f"true: {true}", f"predicted: {predicted}", f"{100 * shown.probability:.1f} %"
    return Cell(shown.image, lines, _RIGHT if shown.target == shown.predicted else _WRONG)
