"""What a dataset is warned of before it is trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from cnnkit.system import log
from cnnkit.train.data import Dataset, LikePairs, find_torn_series

_STRONG = 5  # times as many images in the largest class as in the smallest
_SHOWN = 5
_PAIRS = 3  # of files


def warn_of_data(dataset: Dataset, alike: Sequence[LikePairs], *, weighted: bool) -> None:
    """Warns of classes without images, strong imbalance, images with two labels, torn series, like ones in two splits.

    Args:
        dataset: The images.
        alike: What `dataset.alike()` found.
        weighted: Whether rare classes weigh more in the training.
    """
    counts = () if dataset.names else (*_empty(dataset), *_uneven(dataset, weighted=weighted))
    for line in (*counts, *_two_labels(dataset), *_torn_series(dataset), *_near(dataset, alike)):
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
    seen: dict[bytes, dict[int, str]] = {}  # digest -> class -> the first image of it
    for split in dataset.splits().values():
        paths = split.paths() or ("",) * len(split)
        for digest, target, path in zip(split.facts().digests, split.targets.tolist(), paths, strict=True):
            seen.setdefault(digest.tobytes(), {}).setdefault(target, path)
    torn = [found for found in seen.values() if len(found) > 1]
    if torn:
        shown = "; ".join(_named(found, dataset.labels) for found in torn[:_PAIRS]) + ("; ..." if torn[_PAIRS:] else "")
        yield f"{len(torn):,} images lie under two labels with the very same pixels: {shown}: keep each under one"


def _named(found: Mapping[int, str], labels: Sequence[str]) -> str:
    """Names two files of one image; by their labels alone where they are none."""
    return " and ".join(path or labels[target] for target, path in sorted(found.items())[:2])


def _torn_series(dataset: Dataset) -> Iterator[str]:
    torn = find_torn_series(dataset)
    if torn:
        yield (
            f"{len(torn):,} series of images by their names, such as {torn[0].learned} and {torn[0].held_out}, are "
            "torn between training and held-out images, which flatters the result: cnnkit split keeps each together"
        )


def _near(dataset: Dataset, alike: Sequence[LikePairs]) -> Iterator[str]:
    for pair in alike:
        total = len(dataset.splits()[pair.second])
        yield (
            f"{pair.images:,} of {total:,} {pair.second} images are nearly the same as {pair.first} images "
            "(plots/near-duplicates.png), which flatters the result: cnnkit split keeps groups together"
        )
