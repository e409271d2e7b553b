"""Pictures of a training."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from cnnkit.train.fitting import History
from cnnkit.train.pictures.pictures import open_picture

_MOST = 1.005  # of an axis of accuracies: room for the line at all
_CURVES: tuple[Literal["loss", "accuracy"], ...] = ("loss", "accuracy")


def training_curve(history: History, name: Literal["loss", "accuracy"]) -> list[float]:
    """Returns the values of the training images that may be drawn beside those of the validation images.

    Of the loss that is the cross-entropy alone, without penalties on weights, smoothing and a teacher's share; not a
    number for epochs of a version that did not keep it.
    """
    column = "plain_loss" if name == "loss" else name
    return [row.get(column, math.nan) for row in history]


def draw_curves(history: History, kept: float, path: Path) -> None:
    """Draws cross-entropy and accuracy by epoch, of training and validation, and marks the epoch that was kept."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    epochs = [row["epoch"] for row in history]
    with open_picture(path, 9, 3.6) as figure:
        for axes, name in zip(figure.subplots(1, 2), _CURVES, strict=True):
            marker = "o" if len(history) < 3 else None
            axes.plot(epochs, training_curve(history, name), label="training", marker=marker)
            axes.plot(epochs, [row["val_" + name] for row in history], label="validation", marker=marker)
            axes.axvline(kept, color="grey", linestyle=":", label=f"kept: epoch {kept:.0f}")
            axes.set_xlabel("epoch")
            axes.set_title("cross-entropy" if name == "loss" else name)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(alpha=0.3)
            axes.legend()
            if name == "accuracy":
                axes.yaxis.set_major_formatter(PercentFormatter(1.0))
                axes.set_ylim(top=min(axes.get_ylim()[1], _MOST))
