"""Seeded, stratified splits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stratified_split(
    targets: NDArray[np.int64], fraction: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Splits images in two so that every class is divided alike.

    Args:
        targets: (N,) class of each image.
        fraction: Share of each class that goes to the second part, 0 to below 1; rounded, at least one image when
            a class has two or more, and never the last one.
        seed: The same seed and targets give the same split on every machine.

    Returns:
        The indices of the first and the second part, each rising.
    """
    generator = np.random.default_rng(seed)
    chosen = np.zeros(len(targets), dtype=bool)
    for target in np.unique(targets):
        members = np.flatnonzero(targets == target)
        count = round(fraction * len(members)) if fraction else 0
        count = min(max(count, 1), len(members) - 1) if fraction else 0
        chosen[generator.permutation(members)[:count]] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def three_way_split(
    targets: NDArray[np.int64], validation: float, test: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Splits images in training, validation and test.

    Args:
        targets: (N,) class of each image.
        validation: Share of what is not tested on; see `stratified_split`.
        test: Share of all images; 0 for none.
        seed: The same seed and targets give the same split on every machine.

    Returns:
        The indices of the three parts, each rising.
    """
    rest, tested = stratified_split(targets, test, seed)
    kept, held_out = stratified_split(targets[rest], validation, seed + 1)
    return rest[kept], rest[held_out], tested
