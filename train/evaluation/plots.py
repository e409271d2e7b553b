"""Diagrams of an evaluation: confusion matrix, ROC curves, reliability."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.report import percent
from cnnkit.train.evaluation.answers import Answers
from cnnkit.train.evaluation.calibration import BINS, Calibration
from cnnkit.train.evaluation.metrics import Metrics
from cnnkit.train.pictures import open_picture, picture_text

_COUNTED = 30  # classes up to which the cells of a confusion matrix show their counts
_LEGEND_ROWS = 25  # entries in a column of a legend
_CHARACTER = 0.65  # a character's width, as a share of the font size


def draw_confusion(metrics: Metrics, path: Path) -> None:
    """Draws the confusion matrix: the colour of a cell is the share of its true class, its number counts images.

    Colours grow with the square root of the share, so that a confusion of one in a hundred can be seen.
    """
    from matplotlib.colors import PowerNorm

    labels = [picture_text(label) for label in metrics.per_class]
    side = min(20.0, max(3.2, 0.46 * len(labels)))  # inches of the matrix
    size = max(5.0, min(10.0, 62 * side / len(labels)))  # points
    widest = max(map(len, labels)) * size * _CHARACTER / 72  # inches
    with open_picture(path, side + widest + 2.2, side + widest + 1.0) as figure:
        axes = figure.subplots()
        drawn = axes.imshow(_shares(metrics.confusion), cmap="Blues", norm=PowerNorm(0.5, 0, 1))
        axes.set_xticks(range(len(labels)), labels, rotation=90 if widest > side / len(labels) else 0, fontsize=size)
        axes.set_yticks(range(len(labels)), labels, fontsize=size)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        axes.set_title(f"{metrics.images:,} images, top-1 {percent(metrics.top1.value)}")
        if len(labels) <= _COUNTED:
            _write_counts(axes, metrics.confusion)
        bar = figure.colorbar(drawn, ax=axes, shrink=0.8, aspect=30, format=_percent_axis())
        bar.set_label("share of the true class")


def draw_roc(answers: Answers, metrics: Metrics, path: Path) -> None:
    """Draws a ROC curve for each class against all others, with the areas under them in the legend."""
    from sklearn.metrics import roc_curve

    areas = {label: figures.auc for label, figures in metrics.per_class.items() if figures.auc is not None}
    columns = max(1, math.ceil(len(areas) / _LEGEND_ROWS))
    with open_picture(path, 6 + 2.5 * columns, 6) as figure:
        axes = figure.subplots()
        for (label, area), colour in zip(areas.items(), _colours(len(areas)), strict=True):
            index = answers.labels.index(label)
            false, true, _ = roc_curve(answers.targets == index, answers.probabilities[:, index])
            axes.plot(false, true, color=colour, linewidth=1.2, label=f"{picture_text(label, 20)}  {area:.4f}")
        axes.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
        _square(axes, "false positive rate", "true positive rate")
        mean = "undefined, the data has one class" if metrics.auc is None else f"{metrics.auc:.4f}"
        axes.set_title(f"each class against the others, macro AUC {mean}")
        if areas:
            size = 9 if columns == 1 else 7
            figure.legend(title="class, AUC", loc="outside right upper", ncols=columns, fontsize=size)


def draw_reliability(calibration: Calibration, path: Path) -> None:
    """Draws how often answers of a confidence are right, over how many answers have it."""
    with open_picture(path, 6, 6.6) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        middles, width = (np.arange(BINS) + 0.5) / BINS, 1 / BINS
        filled = calibration.counts > 0
        upper.bar(middles[filled], calibration.accuracy[filled], width, edgecolor="white", label="accuracy")
        confidence = calibration.confidence[filled]
        upper.plot(confidence, confidence, "o", color="black", markersize=4, label="mean confidence")
        upper.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
        upper.set_ylabel("share of right answers")
        upper.set_title(f"expected calibration error {percent(calibration.error)} ({BINS} bins)")
        upper.legend(loc="upper left")
        lower.bar(middles, calibration.counts, width, color="grey", edgecolor="white")
        lower.set_ylabel("images")
        lower.set_xlabel("confidence")
        for axis in (upper.yaxis, lower.xaxis):
            axis.set_major_formatter(_percent_axis())
        upper.set_xlim(0, 1)
        upper.set_ylim(0, 1)


def _shares(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns (classes, classes) shares of each row; rows of classes without images are 0."""
    totals = np.maximum(1, confusion.sum(axis=1, keepdims=True))
    shares: NDArray[np.float64] = confusion / totals
    return shares


def _write_counts(axes: Any, confusion: NDArray[np.int64]) -> None:
    shares = _shares(confusion)
    for (row, column), images in np.ndenumerate(confusion):
        if images:
            colour = "white" if shares[row, column] > 0.3 else "black"
            size = 9 if images < 1000 else 7
            axes.text(column, row, f"{images}", ha="center", va="center", color=colour, fontsize=size)


def _colours(count: int) -> list[Any]:
    """Returns colours that differ as far as so many can."""
    from matplotlib import colormaps

    if count <= 10:
        return [colormaps["tab10"](index) for index in range(count)]
    return [colormaps["turbo"](index / (count - 1)) for index in range(count)]


def _percent_axis() -> Any:
    from matplotlib.ticker import PercentFormatter

    return PercentFormatter(1.0, decimals=0, symbol=" %")


def _square(axes: Any, x: str, y: str) -> None:
    axes.set_aspect("equal")
    axes.set_xlim(-0.01, 1.0)
    axes.set_ylim(0.0, 1.01)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)
