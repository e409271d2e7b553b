"""Grids of images with what they are, what the model takes them for, and what made it do so."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from cnnkit.explaining import Explanation, as_rgb, paint_heat
from cnnkit.spec import ModelSpec
from cnnkit.train.evaluation.answers import Shown
from cnnkit.train.pictures import Cell, draw_cells, picture_text

_RIGHT, _WRONG = "#1a7f37", "#b42318"
_PAIRS = 4  # images in a row that have a second picture beside them


def draw_grid(
    shown: Sequence[Shown],
    spec: ModelSpec,
    title: str,
    path: Path,
    reasons: Mapping[int, Explanation] | None = None,
) -> None:
    """Draws images in rows, each with its true and its predicted label, green where they agree and red elsewhere.

    Args:
        shown: At least one image.
        spec: Labels and colour order.
        title: What stands above them.
        path: The PNG file.
        reasons: By the index of an image: what carried the answer, drawn beside it; none draws the images alone.
    """
    cells = [cell for item in shown for cell in _cells(item, spec, reasons or {})]
    if reasons:
        columns = 2 * min(len(shown), _PAIRS)
    else:
        columns = min(len(shown), max(4, math.floor(math.sqrt(len(shown) * 1.5))))
    draw_cells(cells, columns, "rgb", title, path)


def _cells(shown: Shown, spec: ModelSpec, reasons: Mapping[int, Explanation]) -> Iterator[Cell]:
    true, predicted = (picture_text(spec.labels[index], 15) for index in (shown.target, shown.predicted))
    lines = f"true: {true}", f"predicted: {predicted}", f"{100 * shown.probability:.1f} %"
    image = as_rgb(shown.image, spec.input.color)
    yield Cell(image, lines, _RIGHT if shown.target == shown.predicted else _WRONG)
    if shown.index in reasons:
        reason = reasons[shown.index]
        yield Cell(paint_heat(image, reason.heat), _reason_lines(reason, predicted, spec))


def _reason_lines(reason: Explanation, predicted: str, spec: ModelSpec) -> tuple[str, ...]:
    """Returns what a heat map shows, and the answer without its hottest part."""
    if reason.without is None:
        return f"for {predicted}:", "no part alone"
    index = int(np.argmax(reason.without))
    label = picture_text(spec.labels[index], 15)
    return f"speaks for {predicted}", f"without it: {label}", f"{100 * float(reason.without[index]):.1f} %"
