"""Images that are nearly the same: one photo saved twice, cut a little, or the next of a burst."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from cnnkit.system import import_cv2

HASH_WORDS = 4  # of 64 bits
_SIDE = 16  # comparisons a row and a column
_ALIKE = 12  # bits of 256 that may differ; measured, see the tests
_FLAT = 32  # bits that are set at least, else the image is too even to tell it from others
_MOST_PAIRS = 2 * 10**8  # compared; more take longer than they are worth
_PART = 512  # images compared with all others at once


def perceptual_hash(image: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Returns (4,) uint64: where, in 16 rows of 17 grey means, the next is brighter than the one before it.

    Args:
        image: (H, W, C) uint8.

    Source: the "difference hash" of N. Krawetz, "Kind of Like That", hackerfactor.com, 2013, with four times the bits.
    """
    cv2 = import_cv2()
    small = cv2.resize(image, (_SIDE + 1, _SIDE), interpolation=cv2.INTER_AREA)
    grey = small.reshape(_SIDE, _SIDE + 1, -1).astype(np.int32).sum(axis=2)
    return np.packbits(grey[:, 1:] > grey[:, :-1]).view(np.uint64)


@dataclass(frozen=True)
class LikePairs:
    """Images of two splits that are nearly the same."""

    first: str  # name of a split
    second: str
    pairs: NDArray[np.int64]  # (n, 2) their places in the two splits, those with the fewest differing bits first
    images: int  # of the second split that are like one of the first


def find_alike(hashes: dict[str, NDArray[np.uint64]]) -> list[LikePairs]:
    """Finds images that are nearly the same in different splits.

    Args:
        hashes: Name of a split -> (N, 4) perceptual hashes.

    Returns:
        One entry for each two splits that share some; two splits of more than 200 million pairs are not compared.
    """
    found = []
    for first, second in combinations(hashes, 2):
        if len(hashes[first]) * len(hashes[second]) <= _MOST_PAIRS:
            pairs = _compare(hashes[first], hashes[second])
            if len(pairs):
                found.append(LikePairs(first, second, pairs, len(np.unique(pairs[:, 1]))))
    return found


def _compare(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.int64]:
    found: list[NDArray[np.int64]] = []
    telling_first, telling_second = (np.flatnonzero(_bits(hashes) >= _FLAT) for hashes in (first, second))
    for start in range(0, len(telling_second), _PART):
        rows = telling_second[start : start + _PART]
        apart = np.zeros((len(telling_first), len(rows)), np.int64)
        for word in range(HASH_WORDS):
            apart += np.bitwise_count(first[telling_first, word][:, None] ^ second[rows, word][None])
        near = np.argwhere(apart <= _ALIKE)
        found.append(np.column_stack([telling_first[near[:, 0]], rows[near[:, 1]], apart[near[:, 0], near[:, 1]]]))
    pairs = np.concatenate(found) if found else np.empty((0, 3), np.int64)
    return pairs[np.argsort(pairs[:, 2], kind="stable")][:, :2]


def _bits(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    counts: NDArray[np.int64] = np.bitwise_count(hashes).sum(axis=1, dtype=np.int64)
    return counts
