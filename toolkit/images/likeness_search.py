"""Images that look alike, found among many without comparing each with each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnnkit.images.likeness import ALIKE_BITS, differing_bits, equal_runs, hash_bands, telling

Hashes = NDArray[np.uint64]
Rows = NDArray[np.int64]

_MOST_PAIRS = 2**20  # compared at once
_FIRST = 16  # candidates of each hash that are looked at first, then four times as many, and so on
_MOST = 4096  # candidates of one hash at once
_FEW = 8  # rows of one key of which each is compared with each
_FRONT = 64  # members of a group whose neighbours are looked for at once


def find_partners(first: Hashes, second: Hashes) -> Rows:
    """Finds, for each hash of one set, one of another set that it is like.

    Args:
        first: (N, 4) perceptual hashes.
        second: (M, 4) perceptual hashes.

    Returns:
        (n, 3) int64: a row of `first`, the row of `second` that is like it, and the bits that differ. Each row of
        `second` is there once at most, with an equal hash where there is one; the fewest bits come first.
    """
    there, left = telling(first), telling(second)
    found = [np.empty((0, 3), np.int64)]
    both = np.concatenate([first, second])
    for key in (_numbers(both), *hash_bands(both)):  # equal ones first
        order = there[np.argsort(key[there], kind="stable")]
        wanted = key[len(first) :][left]
        at, end = (np.searchsorted(key[order], wanted, side) for side in ("left", "right"))
        found.append(_nearest_in_turns(first[order], second, left, at, end))
        found[-1][:, 0] = order[found[-1][:, 0]]
        left = np.setdiff1d(left, found[-1][:, 1])
    every = np.concatenate(found)
    return every[np.argsort(every[:, 2], kind="stable")]


def find_groups(hashes: Hashes) -> Rows:
    """Finds which images belong together: each is like another one of its group.

    Args:
        hashes: (N, 4) perceptual hashes.

    Returns:
        (N,) int64: the same number for images of one group. Images that are too even to be told from others are alone.
    """
    groups, there = np.arange(len(hashes)), telling(hashes)
    numbers = _numbers(hashes[there])
    _, firsts = np.unique(numbers, return_index=True)
    unlike = hashes[there[firsts]]
    links = _Links(len(unlike))
    for key in hash_bands(unlike):
        order = np.argsort(key, kind="stable")
        _join_neighbours(links, unlike, order, key[order])
        for begin, end in equal_runs(key[order]):
            if end - begin > _FEW:
                _join_run(links, unlike, order[begin:end])
    groups[there] = there[firsts[links.of[numbers]]]
    return groups


class _Links:
    """Groups that are joined.

    Args:
        count: Rows, each its own group at first.
    """

    def __init__(self, count: int) -> None:
        self.of = np.arange(count)  # the group of each row
        self._rows = {row: [row] for row in range(count)}

    def join(self, one: int, other: int) -> None:
        """Joins two groups under the number of the larger one."""
        if one != other:
            if len(self._rows[one]) < len(self._rows[other]):
                one, other = other, one
            moved = self._rows.pop(other)
            self.of[moved] = one
            self._rows[one] += moved


def _join_neighbours(links: _Links, hashes: Hashes, order: Rows, keys: NDArray[np.uint32]) -> None:
    """Joins what is alike and less than `_FEW` places apart among rows of one key: all runs at once."""
    for apart in range(1, _FEW):
        one, other = order[:-apart], order[apart:]
        open_still = (keys[:-apart] == keys[apart:]) & (links.of[one] != links.of[other])
        one, other = one[open_still], other[open_still]
        near = differing_bits(hashes[one], hashes[other]) <= ALIKE_BITS
        for row, its in zip(one[near].tolist(), other[near].tolist(), strict=True):
            links.join(int(links.of[row]), int(links.of[its]))


def _join_run(links: _Links, hashes: Hashes, rows: Rows) -> None:
    """Joins what is alike among rows: from one group to all it touches, and on from these, then the next group."""
    while len(rows):
        begun = links.of[rows] == links.of[rows[0]]
        front, rows = rows[begun], rows[~begun]
        group = int(links.of[front[0]])
        while len(front) and len(rows):
            bits = differing_bits(hashes[front[:_FRONT], None], hashes[rows][None])
            touched = np.unique(links.of[rows[(bits <= ALIKE_BITS).any(axis=0)]])
            met = np.isin(links.of[rows], touched)
            front, rows = np.concatenate([front[_FRONT:], rows[met]]), rows[~met]
            for other in touched.tolist():
                links.join(int(links.of[group]), other)


def _nearest_in_turns(first: Hashes, second: Hashes, left: Rows, at: Rows, end: Rows) -> Rows:
    """Finds for each row `left` of the second hashes one that it is like, among rows `at` to `end` of the first."""
    found, tried = [np.empty((0, 3), np.int64)], _FIRST
    there = end > at
    while there.any():
        left, at, end = left[there], at[there], end[there]
        size = _MOST_PAIRS // tried
        parts = [slice(start, start + size) for start in range(0, len(left), size)]
        nearest = [_nearest(first, second[left[part]], at[part], end[part], tried) for part in parts]
        partners, bits = (np.concatenate(each) for each in zip(*nearest, strict=True))
        near = bits <= ALIKE_BITS
        found.append(np.column_stack([partners, left, bits])[near])
        at = at + tried
        there = ~near & (at < end)
        tried = min(4 * tried, _MOST)
    return np.concatenate(found)


def _nearest(first: Hashes, hashes: Hashes, at: Rows, end: Rows, tried: int) -> tuple[Rows, Rows]:
    """Returns, for each hash, the nearest of the next candidates, and by how many bits it differs."""
    rows = at[:, None] + np.arange(tried)
    bits = differing_bits(first[np.minimum(rows, end[:, None] - 1)], hashes[:, None])
    chosen = bits.argmin(axis=1)
    return np.minimum(at + chosen, end - 1), bits[np.arange(len(bits)), chosen]


def _numbers(hashes: Hashes) -> NDArray[np.uint32]:
    """Returns (N,) uint32: the same number for the same hash."""
    numbers = np.unique(hashes, axis=0, return_inverse=True)[1]
    return numbers.reshape(-1).astype(np.uint32)
