from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from cnnkit.train.data.splits import stratified_split, three_way_split


@given(
    counts=st.lists(st.integers(0, 30), min_size=1, max_size=6),
    fraction=st.floats(0, 0.95),
    seed=st.integers(0, 2**31),
)
def test_a_split_divides_every_class_and_loses_nothing(counts: list[int], fraction: float, seed: int) -> None:
    targets = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts)).astype(np.int64)
    first, second = stratified_split(targets, fraction, seed)
    assert sorted([*first, *second]) == list(range(len(targets)))
    for target, count in enumerate(counts):
        held_out = int((targets[second] == target).sum())
        assert abs(held_out - fraction * count) <= 1
        assert not count or held_out < count


@pytest.mark.parametrize("seed", [0, 1])
def test_a_split_depends_on_the_seed_alone(seed: int) -> None:
    targets = np.repeat(np.arange(3), 50).astype(np.int64)
    again = [stratified_split(targets, 0.2, seed)[1].tolist() for _ in range(2)]
    assert again[0] == again[1]
    assert again[0] != stratified_split(targets, 0.2, seed + 1)[1].tolist()


@pytest.mark.parametrize(("test", "counts"), [(0.2, (72, 8, 20)), (0.0, (90, 10, 0))])
def test_three_parts_hold_each_image_once(test: float, counts: tuple[int, int, int]) -> None:
    targets = np.repeat(np.arange(2), 50).astype(np.int64)
    parts = three_way_split(targets, 0.1, test, seed=4)
    assert tuple(map(len, parts)) == counts
    assert sorted(np.concatenate(parts)) == list(range(100))
    assert all((np.diff(part) > 0).all() for part in parts)
