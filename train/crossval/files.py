"""What a cross-validation leaves behind: folds.csv, metrics.json and one picture of all its curves."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from cnnkit.system import write_text
from cnnkit.train.crossval.fold_figures import CrossValidation, FoldFigures
from cnnkit.train.fitting import History
from cnnkit.train.pictures import open_picture, training_curve
from cnnkit.train.runs import RunFolder

_CURVES: tuple[Literal["loss", "accuracy"], ...] = ("loss", "accuracy")


def write_folds(path: Path, folds: Sequence[FoldFigures]) -> None:
    """Writes one CSV row a finished fold; shares are fractions."""
    text = io.StringIO()
    rows = [dataclasses.asdict(fold) for fold in folds]
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def write_summary(folder: RunFolder, result: CrossValidation) -> None:
    """Writes metrics.json: mean and sample standard deviation over the folds, and each fold."""
    folder.save_metrics(summary_fields(result))


def summary_fields(result: CrossValidation) -> dict[str, Any]:
    """Returns what metrics.json holds; accuracies are fractions."""
    return {
        "images": sum(fold.images for fold in result.folds),
        "top1": {"mean": result.mean_top1, "deviation": result.deviation_top1},
        "loss": {"mean": result.mean_loss, "deviation": result.deviation_loss},
        "folds": [dataclasses.asdict(fold) for fold in result.folds],
    }


def draw_fold_curves(histories: Sequence[History], result: CrossValidation, path: Path) -> None:
    """Draws loss and accuracy over the epochs, a colour a fold: validation as lines, training dotted."""
    from matplotlib import colormaps
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    colours = colormaps["tab10" if len(histories) <= 10 else "viridis"]
    with open_picture(path, 10, 4.2) as figure:
        for axes, name in zip(figure.subplots(1, 2), _CURVES, strict=True):
            for index, (history, fold) in enumerate(zip(histories, result.folds, strict=True)):
                place = index if len(histories) <= 10 else index / (len(histories) - 1)
                _draw_fold(axes, name, history, fold, colours(place))
            axes.set(xlabel="epoch", title="cross-entropy" if name == "loss" else name)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(alpha=0.3)
            if name == "accuracy":
                axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        handles, labels = figure.axes[1].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center", fontsize=8, title="on the fold")
        figure.suptitle("lines: validation, dotted: training, dots: the epoch that was kept", fontsize=9)


def _draw_fold(axes: Any, name: Literal["loss", "accuracy"], history: History, fold: FoldFigures, colour: Any) -> None:
    epochs = [row["epoch"] for row in history]
    values = [row["val_" + name] for row in history]
    axes.plot(epochs, training_curve(history, name), color=colour, linestyle=":", linewidth=1)
    axes.plot(epochs, values, color=colour, label=f"fold {fold.number}: {100 * fold.top1:.1f} %")
    axes.plot(fold.epoch, values[fold.epoch - 1], color=colour, marker="o", markersize=5)
