"""Pictures of a training."""

from __future__ import annotations

from pathlib import Path

from cnnkit.train.fitting import History
from cnnkit.train.pictures.pictures import open_picture


def draw_curves(history: History, kept: float, path: Path) -> None:
    """Draws loss and accuracy over the epochs, training and validation, with the epoch that was kept marked."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    epochs = [row["epoch"] for row in history]
    with open_picture(path, 9, 3.6) as figure:
        for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
            marker = "o" if len(history) < 3 else None
            axes.plot(epochs, [row[name] for row in history], label="training", marker=marker)
            axes.plot(epochs, [row["val_" + name] for row in history], label="validation", marker=marker)
            axes.axvline(kept, color="grey", linestyle=":", label=f"kept: epoch {kept:.0f}")
            axes.set_xlabel("epoch")
            axes.set_title(name)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(alpha=0.3)
            axes.legend()
            if name == "accuracy":
                axes.yaxis.set_major_formatter(PercentFormatter(1.0))
