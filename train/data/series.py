"""Series of images, such as frames of a film, that an automatic split has torn apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnkit.sources import group_names
from cnnkit.train.data.dataset import Dataset


@dataclass(frozen=True)
class TornSeries:
    """Images of one class whose names belong together, in more than one split."""

    name: str  # what their names have in common
    learned: str  # a file that is trained on
    held_out: str  # one that is not


def find_torn_series(dataset: Dataset) -> tuple[TornSeries, ...]:
    """Finds series, told by file names as `cnnkit split` does, with images to train on and others that are held out.

    Args:
        dataset: Only splits that were divided from the training images are looked at, and only images in files.
    """
    splits = [split for split in dataset.splits().values() if split.store is dataset.train.store]
    if len(splits) < 2 or not dataset.train.paths():
        return ()
    paths = [Path(path) for split in splits for path in split.paths()]
    targets = np.concatenate([split.targets for split in splits])
    learned = np.arange(len(paths)) < len(dataset.train)
    return tuple(
        torn
        for target in range(len(dataset.labels))
        for torn in _torn_of_class(
            [(paths[index], bool(learned[index])) for index in np.flatnonzero(targets == target)]
        )
    )


def _torn_of_class(images: list[tuple[Path, bool]]) -> Iterator[TornSeries]:
    """Yields the series among images of one class, each with whether it is trained on."""
    names = group_names([path for path, _ in images], None)
    learned: dict[str, Path] = {}
    for name, (path, is_learned) in zip(names, images, strict=True):
        if is_learned:
            learned.setdefault(name, path)
    told = set[str]()
    for name, (path, is_learned) in zip(names, images, strict=True):
        if not is_learned and name in learned and name not in told:
            told.add(name)
            yield TornSeries(name, learned[name].name, path.name)
