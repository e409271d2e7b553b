"""Folds of a dataset: each image is tested on once, by a network that neither learned from it nor was chosen by it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnnkit.errors import DataError
from cnnkit.train.data import Dataset, Split, stratified_split


def make_folds(dataset: Dataset, count: int, validation: float, seed: int) -> Iterator[Dataset]:
    """Divides the images that a dataset has to train and to choose with.

    The test images of the dataset are not among them. What a fold tests on is its `test`; its epoch is chosen by a
    stratified share of the rest, since an epoch chosen by the images it is then measured with would flatter. Where the
    validation images were given apart from the training images, they choose the epoch of every fold.

    Args:
        dataset: Loaded as for one training.
        count: How many folds, at least 2.
        validation: Share of the images outside a fold that chooses its epoch.
        seed: Of the division; the folds are scikit-learn's StratifiedKFold, shuffled.

    Raises:
        DataError: A class has fewer images than there are folds, or images have several labels.
    """
    from sklearn.model_selection import StratifiedKFold

    if dataset.names:
        raise DataError(f"{dataset.name} gives several labels an image, and crossval takes one: use cnnkit train")
    pool = _pool(dataset)
    _check_classes(dataset.labels, pool, count)
    divider = StratifiedKFold(count, shuffle=True, random_state=seed)
    for number, (rest, tested) in enumerate(divider.split(np.zeros(len(pool)), pool.targets)):
        outside, held_out = pool.take(rest), dataset.validation
        if _joined(dataset):
            kept, chosen = stratified_split(outside.targets, validation, seed + number)
            outside, held_out = outside.take(kept), outside.take(chosen)
        yield Dataset(dataset.name, dataset.labels, outside, held_out, pool.take(tested))


def _joined(dataset: Dataset) -> bool:
    """Whether the validation images were cut out of the training images."""
    return dataset.validation.store is dataset.train.store


def _pool(dataset: Dataset) -> Split:
    if not _joined(dataset):
        return dataset.train
    rows = np.concatenate([dataset.train.rows, dataset.validation.rows])
    targets = np.concatenate([dataset.train.targets, dataset.validation.targets])
    order = np.argsort(rows)
    return Split(dataset.train.store, rows[order], targets[order])


def _check_classes(labels: tuple[str, ...], pool: Split, count: int) -> None:
    counts = np.bincount(pool.targets, minlength=len(labels))
    rarest = int(counts.argmin())
    if counts[rarest] < count:
        raise DataError(
            f"class {labels[rarest]!r} has {counts[rarest]} images, expected at least one for each of {count} folds: "
            "add some, or lower --folds"
        )
