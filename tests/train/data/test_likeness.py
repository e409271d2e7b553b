"""Images of two splits that are nearly the same."""

from __future__ import annotations

import numpy as np
from skimage import data as photos

from cnnkit.images import perceptual_hash
from cnnkit.train.data.likeness import find_alike


def noisy(image: np.ndarray) -> np.ndarray:
    return np.clip(image + np.random.default_rng(0).normal(0, 20, image.shape), 0, 255).astype(np.uint8)


def test_each_two_splits_are_compared_and_different_photos_are_not_alike() -> None:
    cat, coffee, rocket = (perceptual_hash(getattr(photos, name)()) for name in ("cat", "coffee", "rocket"))
    assert not find_alike({"train": np.array([cat]), "validation": np.array([coffee]), "test": np.array([rocket])})
    found = find_alike(
        {"train": np.array([cat, coffee]), "validation": np.array([rocket]), "test": np.array([coffee, rocket])}
    )
    assert [(each.first, each.second, each.pairs.tolist()) for each in found] == [
        ("train", "test", [[1, 0]]),
        ("validation", "test", [[0, 1]]),
    ]


def test_the_likest_come_first_and_images_count_once() -> None:
    image = photos.coffee()
    train = np.array([perceptual_hash(each) for each in (noisy(image), image, photos.cat())])
    test = np.array([perceptual_hash(each) for each in (noisy(image)[::-1], image[4:, 4:], image)])
    (found,) = find_alike({"train": train, "test": test})
    assert found.pairs.tolist()[0] == [1, 2] and found.images == 2
