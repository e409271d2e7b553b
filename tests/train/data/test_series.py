"""Series of images that an automatic split has torn apart."""

from __future__ import annotations

import numpy as np
import pytest

from cnnkit.train.data import Dataset, Split
from cnnkit.train.data.image_stores import MemoryStore
from cnnkit.train.data.series import TornSeries, find_torn_series

FILMS = [f"a/film{film}_{frame}.jpg" for film in range(6) for frame in range(3)]
CAMERA = [f"a/IMG_{number:04}.jpg" for number in range(18)]
HELD = np.array([2, 4, 5, 9, 10, 11])  # of film 0 one, of film 1 two, of film 3 all


def divided(names: list[str], *, apart: bool = False) -> Dataset:
    images, targets = np.zeros((len(names), 4, 4, 3), np.uint8), np.zeros(len(names), np.int64)
    whole = Split.whole(MemoryStore(images, paths=names), targets)
    other = Split.whole(MemoryStore(images, paths=names), targets) if apart else whole
    kept = np.setdiff1d(np.arange(len(names)), HELD)
    return Dataset("films", ("a", "b"), whole.take(kept), other.take(HELD), None)


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        pytest.param(
            divided(FILMS),
            (
                TornSeries("film0", "film0_0.jpg", "film0_2.jpg"),
                TornSeries("film1", "film1_0.jpg", "film1_1.jpg"),
            ),
            id="films",
        ),
        pytest.param(divided(CAMERA), (), id="a camera's numbers"),
        pytest.param(divided(FILMS, apart=True), (), id="divided by hand"),
        pytest.param(
            Dataset("none", ("a",), Split.of(np.zeros((2, 4, 4, 3), np.uint8), np.zeros(2, np.int64)).take(HELD[:0]),
                    Split.of(np.zeros((2, 4, 4, 3), np.uint8), np.zeros(2, np.int64)), None), (), id="no files",
        ),
    ],
)  # fmt: skip
def test_series_are_found_by_their_names(dataset: Dataset, expected: tuple[TornSeries, ...]) -> None:
    assert find_torn_series(dataset) == expected
