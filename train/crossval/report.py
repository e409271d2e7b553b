"""A cross-validation as it is printed."""

from __future__ import annotations

from typing import Literal

from cnnkit.report import percent, print_json, print_table, printable
from cnnkit.system import print_text
from cnnkit.train.crossval.files import summary_fields
from cnnkit.train.crossval.fold_figures import CrossValidation

_COLUMNS = ("fold", ">images", ">top-1", ">95 % interval", ">loss", ">epoch kept")


def print_crossval(result: CrossValidation, style: Literal["table", "json"], training: str) -> None:
    """Prints one on stdout; JSON is what metrics.json holds.

    Args:
        result: What came of it.
        style: How it is printed.
        training: The command that trains the same on all training images.
    """
    if style == "json":
        print_json(summary_fields(result))
        return
    rows = [
        (
            str(fold.number),
            f"{fold.images:,}",
            percent(fold.top1),
            f"{100 * fold.low:.2f} to {100 * fold.high:.2f}",
            f"{fold.loss:.4f}",
            str(fold.epoch),
        )
        for fold in result.folds
    ]
    print_table(_COLUMNS, rows)
    print_text(
        f"\nmean top-1 {percent(result.mean_top1)}, standard deviation {100 * result.deviation_top1:.2f} points; "
        f"mean loss {result.mean_loss:.4f}, standard deviation {result.deviation_loss:.4f}; {len(result.folds)} folds"
    )
    print_text(f"written to {printable(str(result.folder))}")
    print_text(f"next: {training}")
