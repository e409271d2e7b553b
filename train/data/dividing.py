"""Divides the images of a dataset where it does not say itself which are for what."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import DataError
from cnnkit.train.data.dataset import Dataset, Split, SplitOptions
from cnnkit.train.data.splits import stratified_split, three_way_split


def divide(
    name: str,
    labels: tuple[str, ...],
    train: Split,
    validation: Split | None,
    test: Split | None,
    splits: SplitOptions,
    hold_out_test: bool,
    *,
    checked: bool = True,
) -> Dataset:
    """Holds out a validation split where there is none, and a test split where there is none and one is wanted.

    `checked` says whether every label needs a training image: not where labels are sets of others.

    Raises:
        DataError: A class has no image, or there are too few to hold some out.
    """
    if checked:
        check_classes(labels, train.targets)
    test_share = splits.test if test is None and hold_out_test else 0.0
    if validation is not None:
        return Dataset(name, labels, train, validation, test)
    kept, held_out, tested = three_way_split(train.targets, splits.validation, test_share, splits.seed)
    if not len(held_out):
        most = int(np.bincount(train.targets).max())
        raise DataError(
            f"{name} has {'one image' if most == 1 else f'at most {most} images'} of a class, too few to hold some out "
            f"for {'validation and test' if test_share else 'validation'}: add images, or give others with --val-data"
        )
    return Dataset(name, labels, train.take(kept), train.take(held_out), train.take(tested) if test_share else test)


def keep_share(dataset: Dataset, max_images: int, seed: int) -> Dataset:
    """Keeps at most so many training images, the same share of each class."""
    if max_images >= len(dataset.train):
        return dataset
    kept, _ = stratified_split(dataset.train.targets, 1 - max_images / len(dataset.train), seed)
    return replace(dataset, train=dataset.train.take(kept))


def check_classes(labels: tuple[str, ...], targets: NDArray[np.int64]) -> None:
    """Refuses classes without images.

    Raises:
        DataError: There is one.
    """
    counts = np.bincount(targets, minlength=len(labels))
    empty = [label for label, count in zip(labels, counts, strict=True) if not count]
    if empty:
        named = f"classes {', '.join(empty)} have" if len(empty) > 1 else f"class {empty[0]!r} has"
        raise DataError(f"{named} no image that can be used: add some or remove the folder")
