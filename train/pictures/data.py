"""Pictures of a dataset: how many images each class has in each split, and what they look like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.spec import Color
from cnnkit.train.data import Dataset, Split
from cnnkit.train.pictures.image_grids import Cell, draw_cells, label_lines
from cnnkit.train.pictures.pictures import open_picture, picture_text

_CELLS = 80
_MOST_A_CLASS, _FEWEST_A_ROW = 8, 5
_COLUMNS = 10  # where a class has no row of its own
_COLOURS = {"train": "#4c78a8", "validation": "#f2a541", "test": "#72a98f"}
_COUNT_CHARACTER = 0.011  # a digit's width, as a share of the axes
_NAMED = 150  # classes up to which each bar has its name


def draw_samples(dataset: Dataset, color: Color, seed: int, path: Path) -> None:
    """Draws random training images of every class, as the network gets them, before augmentation.

    Args:
        dataset: Its training images; of more than 80 classes some are shown.
        color: The order of the images' channels.
        seed: Of the draw.
        path: The PNG file.
    """
    chosen = choose_samples(dataset.train, _CELLS, _MOST_A_CLASS, seed)
    targets = dataset.train.targets[chosen]
    each = int(np.bincount(targets).max())
    images = dataset.train.read(chosen)
    cells = [Cell(image, label_lines(dataset.labels[target])) for image, target in zip(images, targets, strict=True)]
    columns = each if each >= _FEWEST_A_ROW and len(cells) % each == 0 else min(_COLUMNS, len(cells))
    title = f"{picture_text(dataset.name)}: {len(cells)} of {len(dataset.train):,} training images"
    draw_cells(cells, columns, color, title, path)


def choose_samples(split: Split, count: int, most: int, seed: int) -> NDArray[np.int64]:
    """Draws images so that every class has as many as the others, where it has so many.

    Args:
        split: The images.
        count: How many at most, one of each class at least; of more classes than that some, evenly spread.
        most: How many of a class at most.
        seed: Of the draw.

    Returns:
        Indices, those of a class together, classes in their order.
    """
    generator = np.random.default_rng(seed)
    classes = np.unique(split.targets)
    if len(classes) > count:
        classes = classes[np.linspace(0, len(classes) - 1, count).round().astype(int)]
    each = max(1, min(most, count // len(classes)))
    drawn = [generator.permutation(np.flatnonzero(split.targets == target))[:each] for target in classes]
    return np.concatenate(drawn)


def draw_class_counts(dataset: Dataset, path: Path) -> None:
    """Draws a bar a class, its length the images of all splits, one part a split."""
    splits = dataset.splits()
    counts = {name: np.bincount(split.targets, minlength=len(dataset.labels)) for name, split in splits.items()}
    classes = len(dataset.labels)
    named = classes <= _NAMED
    high = max(1.2, 0.26 * classes) if named else 10.0  # inches of the bars
    with open_picture(path, 8.5, high + 1.3) as figure:
        axes = figure.subplots()
        start = np.zeros(classes, np.int64)
        for name, bars in counts.items():
            label = f"{name} ({bars.sum():,})"
            if named:
                axes.barh(range(classes), bars, left=start, color=_COLOURS[name], label=label)
            else:  # one shape, for thousands of bars
                edges = np.arange(classes + 1) - 0.5
                look = {"orientation": "horizontal", "fill": True, "color": _COLOURS[name], "label": label}
                axes.stairs(start + bars, edges, baseline=start, **look)
            start = start + bars
        axes.set(ylim=(classes - 0.5, -0.5), xlabel="images")
        if named:
            axes.set_yticks(range(classes), [picture_text(label, 40) for label in dataset.labels], fontsize=9)
            _write_counts(axes, list(counts.values()), start)
        else:
            axes.set_ylabel("classes, in their order")
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(f"{picture_text(dataset.name)}: {start.sum():,} images, {classes:,} classes", fontsize=11)
        figure.legend(loc="outside lower center", ncols=len(counts), fontsize=9, frameon=False)


def _write_counts(axes: Any, counts: list[NDArray[np.int64]], totals: NDArray[np.int64]) -> None:
    """Writes beside each bar how many images its parts stand for, and makes room for that."""
    texts = [" + ".join(f"{part:,}" for part in parts) for parts in zip(*counts, strict=True)]
    longest = int(totals.max())
    for row, text in enumerate(texts):
        axes.text(totals[row] + longest * 0.01, row, text, va="center", fontsize=8, color="#444444")
    axes.set_xlim(0, longest / (1 - 0.02 - _COUNT_CHARACTER * max(map(len, texts))))
