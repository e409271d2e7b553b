"""Images that look alike among many: the same answers as comparing each with each, and in time."""

from __future__ import annotations

import time

import numpy as np
import pytest

from cnnkit.images.likeness import ALIKE_BITS, differing_bits, telling
from cnnkit.images.likeness_search import find_groups, find_partners

Hashes = np.ndarray


def different(count: int, seed: int = 0) -> Hashes:
    return np.random.default_rng(seed).integers(0, 2**63, (count, 4)).astype(np.uint64)


def flipped(hashes: Hashes, most: int, seed: int = 0) -> Hashes:
    """Flips up to `most` bits of each hash."""
    generator = np.random.default_rng(seed)
    bits = np.unpackbits(hashes.view(np.uint8), axis=1)
    for row in bits:
        row[generator.permutation(256)[: generator.integers(most + 1)]] ^= 1
    return np.packbits(bits, axis=1).view(np.uint64)


def series(count: int, each: int, most: int) -> Hashes:
    return flipped(np.repeat(different(count), each, axis=0), most)


def alone(count: int) -> Hashes:
    """Hashes of which 20 of 256 bits are set: too even."""
    row = np.zeros(256, np.uint8)
    row[:20] = 1
    return np.repeat(np.packbits(row).view(np.uint64)[None], count, axis=0)


def groups_one_by_one(hashes: Hashes) -> list[set[int]]:
    near = differing_bits(hashes[:, None], hashes[None]) <= ALIKE_BITS
    even = np.setdiff1d(np.arange(len(hashes)), telling(hashes))
    near[even], near[:, even] = False, False
    found, left = [], set(range(len(hashes)))
    while left:
        front, group = [left.pop()], set[int]()
        while front:
            row = front.pop()
            group.add(row)
            new = left & set(np.flatnonzero(near[row]).tolist())
            left -= new
            front += new
        found.append(group)
    return sorted(found, key=min)


SETS = [
    pytest.param(different(300), id="different"),
    pytest.param(series(60, 5, 6), id="series"),
    pytest.param(series(60, 5, 10), id="series that only partly hold together"),
    pytest.param(series(1, 300, 9), id="all of one"),
    pytest.param(np.repeat(different(3), 100, axis=0), id="copies"),
    pytest.param(np.concatenate([alone(4), different(4)]), id="even ones"),
    pytest.param(different(0), id="none"),
    pytest.param(different(1), id="one"),
]


@pytest.mark.parametrize("hashes", SETS)
def test_groups_are_those_of_comparing_each_with_each(hashes: Hashes) -> None:
    groups = find_groups(hashes)
    found: dict[int, set[int]] = {}
    for row, group in enumerate(groups.tolist()):
        found.setdefault(group, set()).add(row)
    assert sorted(found.values(), key=min) == groups_one_by_one(hashes)


@pytest.mark.parametrize("hashes", SETS)
def test_partners_are_found_wherever_there_is_one(hashes: Hashes) -> None:
    first, second = hashes[::2], hashes[1::2]
    apart = differing_bits(first[:, None], second[None])
    apart[np.setdiff1d(np.arange(len(first)), telling(first))] = 256
    apart[:, np.setdiff1d(np.arange(len(second)), telling(second))] = 256
    pairs = find_partners(first, second)
    assert sorted(pairs[:, 1].tolist()) == np.flatnonzero((apart <= ALIKE_BITS).any(axis=0)).tolist()
    assert apart[pairs[:, 0], pairs[:, 1]].tolist() == pairs[:, 2].tolist() == sorted(pairs[:, 2].tolist())
    equal = (apart == 0).any(axis=0)
    assert all(bits == 0 for _, row, bits in pairs.tolist() if equal[row])


@pytest.mark.parametrize(
    "hashes",
    [
        pytest.param(different(30_000), id="different"),
        pytest.param(series(1, 30_000, 6), id="all of one"),
        pytest.param(series(1, 10_000, 40), id="around one, and different"),
        pytest.param(series(6_000, 5, 4), id="series"),
        pytest.param(np.repeat(different(30), 1_000, axis=0), id="copies"),
    ],
)
def test_many_images_take_seconds(hashes: Hashes) -> None:
    begun = time.process_time()
    find_groups(hashes)
    find_partners(hashes[: len(hashes) // 2], hashes[len(hashes) // 2 :])
    assert time.process_time() - begun < 30  # comparing each with each takes minutes
