"""Draws a filtered photo: the photo, and a row a kernel with its numbers, the convolved and the pooled image."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import UsageError
from cnnkit.filters.filtering import Filtered, FilteredPhoto, FilterOptions
from cnnkit.filters.kernels import Kernel
from cnnkit.filters.layout import GAP, MARGIN, Box, Layout, lay_out
from cnnkit.filters.lettering import POINT, cut, drawable, wrap
from cnnkit.system import check_new_file, whole_file

_DPI = 120
_TITLE, _TEXT, _SMALL, _HEADLINE = 12, 10, 9, 20  # points
_LARGEST_WEIGHT, _LEGIBLE = 15.0, 4.0  # points of a kernel's numbers; below the second they are left out
_DIGIT = 0.64  # a digit's width, as a share of the text size
_INK, _PALE = "#1a1a1a", "#666666"
_LINE = 1.5  # sizes of the text from one line to the next
_MOST = 99.5  # percent of the values that are not clipped where zero is mid-gray: a few strong edges hide the rest


def check_picture(path: Path, photo: Path, *, overwrite: bool) -> None:
    """Refuses a path that cannot become the picture of a photo, before the work is done.

    Raises:
        UsageError: It has another suffix than .png, or is the photo itself.
        OutputError: It exists already or cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path}: the picture is a PNG, expected a name that ends in .png")
    if os.path.realpath(path) == os.path.realpath(photo):
        raise UsageError(f"--output {path} is the photo itself: name another file")
    check_new_file(path, overwrite=overwrite)


def draw_filtered(photo: FilteredPhoto, path: Path) -> None:
    """Draws the picture and writes it as PNG, whole or not at all; needs matplotlib.

    Raises:
        OutputError: The file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height, width = photo.gray.shape
    layout = lay_out((height, width), len(photo.filtered))
    canvas = _Canvas(Figure(figsize=(layout.width, layout.height), facecolor="white"), layout)
    _draw_head(canvas, photo)
    for row, filtered in enumerate(photo.filtered, start=1):
        _draw_row(canvas, row, filtered, f"{photo.options.pool} pooled")
    FigureCanvasAgg(canvas.figure)
    with whole_file(path) as temporary:
        canvas.figure.savefig(temporary, format="png", dpi=_DPI)


def shades(filtered: Filtered) -> tuple[float, float]:
    """Returns the values that are drawn black and white; a pooled image is drawn as the convolved one is.

    A kernel that sums to 0 answers 0 to an even image: zero becomes mid-gray, and all but the strongest 0.5 % of the
    values lie between black and white. For others, black and white are the answers to an even image of 0 and of 255,
    whichever is smaller and larger.
    """
    total = filtered.kernel.sum
    if total:
        return min(0.0, 255.0 * total), max(0.0, 255.0 * total)
    strong = max(1.0, float(np.percentile(np.abs(filtered.convolved), _MOST)))
    return -strong, strong


class _Canvas:
    """A figure on which places are given in inches from the top left corner."""

    def __init__(self, figure: Any, layout: Layout) -> None:
        self.figure = figure
        self.layout = layout

    def write(self, x: float, y: float, text: str, size: int, **style: Any) -> None:
        """Writes a line whose baseline is at y; "$" has no special meaning in it."""
        place = x / self.layout.width, 1 - y / self.layout.height
        style = {"color": _INK, "va": "baseline", **style}
        self.figure.text(*place, text, fontsize=size, parse_math=False, **style)

    def write_lines(self, x: float, y: float, lines: list[str], size: int, **style: Any) -> None:
        """Writes lines below y, evenly spaced whatever letters they hold."""
        for number, line in enumerate(lines, start=1):
            self.write(x, y + number * _LINE * size * POINT, line, size, **style)

    def show(self, box: Box, values: NDArray[Any], low: float, high: float, colours: str = "gray") -> Any:
        """Draws an array into a box, as large as its aspect allows, and returns the axes."""
        width, height = self.layout.width, self.layout.height
        place = (box.x / width, 1 - (box.y + box.height) / height, box.width / width, box.height / height)
        axes = self.figure.add_axes(place, xticks=[], yticks=[], anchor="NW")
        axes.imshow(values, cmap=colours, vmin=low, vmax=high)
        axes.spines[:].set(color=_PALE, linewidth=0.6)
        return axes

    def title(self, box: Box, title: str, facts: str = "") -> None:
        """Writes a line above a box: its title on the left, facts on the right."""
        y = box.y - 0.07
        self.write(box.x, y, title, _TITLE, fontweight="bold")
        self.write(box.x + box.width, y, facts, _SMALL, ha="right", color=_PALE)


def _draw_head(canvas: _Canvas, photo: FilteredPhoto) -> None:
    left, middle, right = (canvas.layout.box(0, column) for column in range(3))
    name = cut(drawable(Path(photo.source).name), _HEADLINE, canvas.layout.width - 2 * MARGIN, bold=True)
    canvas.write(MARGIN, MARGIN + _HEADLINE * POINT, name, _HEADLINE, fontweight="bold")
    canvas.title(left, "settings")
    settings = [cut(line, _TEXT, left.width + GAP / 2) for line in _settings(photo.options)]
    canvas.write_lines(left.x, left.y, settings, _TEXT)
    canvas.title(middle, "original", _facts(photo.gray))
    canvas.show(middle, photo.gray, 0, 255)
    canvas.title(right, "how to read it")
    explained = [line for part in _explanation(photo.options) for line in (*wrap(part, _TEXT, right.width), "")]
    canvas.write_lines(right.x, right.y, explained, _TEXT)


def _draw_row(canvas: _Canvas, row: int, filtered: Filtered, pooled: str) -> None:
    low, high = shades(filtered)
    for column, title, values in ((1, "convolved", filtered.convolved), (2, pooled, filtered.pooled)):
        box = canvas.layout.box(row, column)
        canvas.title(box, title, _facts(values))
        canvas.show(box, values, low, high)
    _draw_kernel(canvas, row, filtered.kernel)
    box = canvas.layout.kernel_box(row, filtered.kernel.weights().shape)
    caption = [f"sum {_weight(filtered.kernel.sum)}", f"black {_number(low)}, white {_number(high)}"]
    canvas.write_lines(box.x, box.y + box.height + 0.04, caption, _SMALL, color=_PALE)


def _draw_kernel(canvas: _Canvas, row: int, kernel: Kernel) -> None:
    weights = kernel.weights()
    box = canvas.layout.kernel_box(row, weights.shape)
    canvas.title(box, kernel.title)
    # Beyond the range of the weights, so that the colours stay pale under the numbers.
    strong = 2.5 * np.abs(weights).max()
    axes = canvas.show(box, weights, -strong, strong, "RdBu")
    size = _weight_size(weights, box.width / weights.shape[1])
    for (i, j), weight in np.ndenumerate(weights if size >= _LEGIBLE else weights[:0]):
        axes.text(j, i, _weight(weight), ha="center", va="center", fontsize=size, color=_INK)
    for i in range(1, weights.shape[0]):
        axes.axhline(i - 0.5, color="white", linewidth=2)
    for j in range(1, weights.shape[1]):
        axes.axvline(j - 0.5, color="white", linewidth=2)


def _weight_size(weights: NDArray[np.float64], cell: float) -> float:
    """Returns the text size, in points, at which each weight fits into its cell of so many inches."""
    longest = max(len(_weight(weight)) for weight in weights.flat)
    return min(_LARGEST_WEIGHT, 0.9 * cell / POINT / (_DIGIT * longest))


def _weight(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def _settings(options: FilterOptions) -> list[str]:
    return [
        f"padding {options.padding}",
        f"stride {_pair(options.stride)}",
        f"{options.pool} pooling {_pair(options.pool_size)}",
        f"pooling stride {_pair(options.pool_step)}",
    ]


def _explanation(options: FilterOptions) -> list[str]:
    return [
        "A kernel is laid over every part of the photo, as it stands; its weights are multiplied with the pixels "
        "beneath and summed. This is the convolution of CNNs, which is cross-correlation.",
        f"Pooling then keeps the {'largest' if options.pool == 'max' else 'mean'} value under each window.",
        "Above each image: height × width, smallest to largest value. Where the weights sum to 0, zero is mid-gray.",
    ]


def _facts(values: NDArray[Any]) -> str:
    return f"{_pair(values.shape)},  {_number(values.min())} to {_number(values.max())}"


def _pair(pair: tuple[int, ...]) -> str:
    return " × ".join(map(str, pair))


def _number(value: float) -> str:
    return f"{round(value):,}".replace("-", "−")
