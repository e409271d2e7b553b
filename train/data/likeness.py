"""Images that are nearly the same in two splits: one photo saved twice, cut a little, or the next of a burst."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from cnnkit.images import find_partners


@dataclass(frozen=True)
class LikePairs:
    """Images of two splits that are nearly the same."""

    first: str  # name of a split
    second: str
    pairs: NDArray[np.int64]  # (n, 2) their places in the two splits, those with the fewest differing bits first

    @property
    def images(self) -> int:
        """How many images of the second split are like one of the first: each is in one pair."""
        return len(self.pairs)


def find_alike(hashes: dict[str, NDArray[np.uint64]]) -> list[LikePairs]:
    """Finds images that are nearly the same in different splits.

    Args:
        hashes: Name of a split -> (N, 4) perceptual hashes.

    Returns:
        One entry for each two splits that share some.
    """
    found = []
    for first, second in combinations(hashes, 2):
        pairs = find_partners(hashes[first], hashes[second])[:, :2]
        if len(pairs):
            found.append(LikePairs(first, second, pairs))
    return found
