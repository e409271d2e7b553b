"""Images that are nearly the same."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from skimage import data as photos

from cnnkit.train.data.likeness import find_alike, perceptual_hash

NAMES = ("astronaut", "cat", "coffee", "rocket", "chelsea")


def saved_again(image: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR))


def noisy(image: np.ndarray) -> np.ndarray:
    return np.clip(image + np.random.default_rng(0).normal(0, 20, image.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", NAMES[:4])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(saved_again, id="saved again"),
        pytest.param(lambda image: cv2.resize(image, (200, 150), interpolation=cv2.INTER_AREA), id="smaller"),
        pytest.param(lambda image: (image * 0.8 + 30).astype(np.uint8), id="brighter"),
        pytest.param(lambda image: cv2.GaussianBlur(image, (9, 9), 0), id="blurred"),
        pytest.param(noisy, id="noisy"),
    ],
)
def test_the_same_photo_is_known_again(name: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    image = getattr(photos, name)()
    hashes = {"train": np.array([perceptual_hash(image)]), "test": np.array([perceptual_hash(change(image))])}
    (found,) = find_alike(hashes)
    assert (found.first, found.second, found.images, found.pairs.tolist()) == ("train", "test", 1, [[0, 0]])


def test_different_photos_and_even_images_are_not_alike() -> None:
    hashes = np.array([perceptual_hash(getattr(photos, name)()) for name in ("astronaut", "cat", "coffee", "rocket")])
    even = np.array([perceptual_hash(np.full((50, 50, 3), value, np.uint8)) for value in (0, 128, 255)])
    assert not find_alike({"train": hashes[:2], "validation": hashes[2:], "test": even})
    assert not find_alike({"train": even, "test": even})


def test_the_likest_come_first_and_images_count_once() -> None:
    image = photos.coffee()
    train = np.array([perceptual_hash(each) for each in (noisy(image), image, photos.cat())])
    (found,) = find_alike({"train": train, "test": np.array([perceptual_hash(image)])})
    assert found.pairs.tolist() == [[1, 0], [0, 0]] and found.images == 1
