"""What a dataset is warned of before it is trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cnnkit.system import log
from cnnkit.train.data import Dataset, LikePairs

_STRONG = 5  # times as many images in the largest class as in the smallest
_SHOWN = 5


def warn_of_data(dataset: Dataset, alike: Sequence[LikePairs], *, weighted: bool) -> None:
    """Warns of classes without images, strong imbalance, images with two labels, and like ones in two splits.

    Args:
        dataset: The images.
        alike: What `dataset.alike()` found.
        weighted: Whether rare classes weigh more in the training.
    """
    for line in (*_empty(dataset), *_uneven(dataset, weighted=weighted), *_two_labels(dataset), *_near(dataset, alike)):
        log.warning("%s: %s", dataset.name, line)


def _empty(dataset: Dataset) -> Iterator[str]:
    for name, split in dataset.splits().items():
        there = set(split.targets.tolist())
        missing = [label for index, label in enumerate(dataset.labels) if index not in there]
        if missing:
            shown = ", ".join(missing[:_SHOWN]) + (f", ... ({len(missing)})" if len(missing) > _SHOWN else "")
            yield f"the {name} images hold none of {shown}: nothing measured on them says anything of these classes"


def _uneven(dataset: Dataset, *, weighted: bool) -> Iterator[str]:
    counts = np.bincount(dataset.train.targets, minlength=len(dataset.labels))
    most, fewest = int(counts.argmax()), int(counts.argmin())
    if counts[most] >= _STRONG * counts[fewest] and not weighted:
        yield (
            f"{counts[most]:,} training images of {dataset.labels[most]} and {counts[fewest]:,} of "
            f"{dataset.labels[fewest]}: --class-weights weighs rare classes more, and accuracy alone flatters"
        )


def _two_labels(dataset: Dataset) -> Iterator[str]:
    labels: dict[bytes, set[int]] = {}
    for split in dataset.splits().values():
        for digest, target in zip(split.facts().digests, split.targets, strict=True):
            labels.setdefault(digest.tobytes(), set()).add(int(target))
    torn = [sorted(targets) for targets in labels.values() if len(targets) > 1]
    if torn:
        names = " and ".join(dataset.labels[target] for target in torn[0][:2])
        yield f"{len(torn):,} images lie under two labels with the very same pixels, the first under {names}: keep one"


def _near(dataset: Dataset, alike: Sequence[LikePairs]) -> Iterator[str]:
    for pair in alike:
        total = len(dataset.splits()[pair.second])
        yield (
            f"{pair.images:,} of {total:,} {pair.second} images are nearly the same as {pair.first} images "
            "(plots/near-duplicates.png), which flatters the result: cnnkit split keeps groups together"
        )
