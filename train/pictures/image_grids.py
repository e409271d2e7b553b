"""Images in rows and columns, each under a few lines of text, drawn on one pair of axes since many take seconds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any
from unicodedata import east_asian_width

import numpy as np
from numpy.typing import NDArray

from cnnkit.report import printable
from cnnkit.spec import Color
from cnnkit.train.pictures.pictures import DPI, open_picture, picture_text

# Inches.
_IMAGE, _GAP, _LINE, _TITLE = 1.5, 0.14, 0.145, 0.45
_TALLEST = 2.0  # height of an image as a multiple of its width
_FONT, _TITLE_FONT = 8.0, 11.0  # points
_LINE_CHARACTERS = 22
_CHARACTER = 0.62  # a character's width, as a share of the font size


@dataclass(frozen=True)
class Cell:
    """An image with what is written above it."""

    image: NDArray[np.uint8]  # (height, width, channels), all cells of one shape
    lines: tuple[str, ...] = ()
    colour: str = "black"


def draw_cells(cells: Sequence[Cell], columns: int, color: Color, title: str, path: Path) -> None:
    """Draws images row by row.

    Args:
        cells: At least one.
        columns: Images a row.
        color: The order of the images' channels.
        title: What stands above all of them.
        path: The PNG file.

    Raises:
        OutputError: The file cannot be written.
    """
    height, width = cells[0].image.shape[:2]
    tall = _IMAGE * min(_TALLEST, height / width)
    above = _LINE * max(len(cell.lines) for cell in cells)
    rows = math.ceil(len(cells) / columns)
    wide = max(_text_inches(title, _TITLE_FONT), columns * (_IMAGE + _GAP)) + _GAP
    high = _TITLE + rows * (above + tall + _GAP)
    with open_picture(path, wide, high) as figure:
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        left = (wide - columns * (_IMAGE + _GAP) + _GAP) / 2
        for index, cell in enumerate(cells):
            row, column = divmod(index, columns)
            corner = left + column * (_IMAGE + _GAP), _TITLE + row * (above + tall + _GAP) + above
            _draw_cell(axes, cell, corner, tall, color)
        axes.text(wide / 2, _TITLE * 0.45, title, ha="center", va="center", fontsize=_TITLE_FONT)
        axes.set(xlim=(0, wide), ylim=(high, 0), aspect="auto")
        axes.set_axis_off()


def label_lines(label: str) -> tuple[str, ...]:
    """Returns a label in one line or two, cut where these are too short for it."""
    first, *more = wrap(printable(label), _LINE_CHARACTERS) or [""]
    second = more[0] if len(more) == 1 else "".join(more)[: _LINE_CHARACTERS - 1] + "…"
    return tuple(picture_text(line) for line in ((first, second) if more else (first,)))


def _draw_cell(axes: Any, cell: Cell, corner: tuple[float, float], tall: float, color: Color) -> None:
    x, y = corner
    shown = cell.image[..., 0] if color == "gray" else cell.image if color == "rgb" else cell.image[..., ::-1]
    small = cell.image.shape[1] <= _IMAGE * DPI / 2  # its pixels are to be seen
    axes.imshow(
        shown,
        extent=(x, x + _IMAGE, y + tall, y),
        cmap="gray",
        vmin=0,
        vmax=255,
        interpolation="nearest" if small else None,
    )
    for place, line in enumerate(reversed(cell.lines)):
        size = min(_FONT, _FONT * _IMAGE / max(_text_inches(line, _FONT), 0.01))
        middle, bottom = x + _IMAGE / 2, y - 0.035 - place * _LINE
        axes.text(middle, bottom, line, ha="center", va="bottom", fontsize=size, color=cell.colour)


def _text_inches(text: str, points: float) -> float:
    """Returns about how wide a text is; Chinese, Japanese and Korean characters take the room of nearly two."""
    count = sum(1.7 if east_asian_width(character) in "WF" else 1.0 for character in text)
    return count * points * _CHARACTER / 72
