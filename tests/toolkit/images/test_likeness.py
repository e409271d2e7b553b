"""The perceptual hash: what it takes for the same image, and what it does not."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from skimage import data as photos

from cnnkit.images.likeness import ALIKE_BITS, differing_bits, equal_runs, hash_bands, perceptual_hash, telling

NAMES = ("astronaut", "cat", "coffee", "rocket")


def saved_again(image: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR))


def noisy(image: np.ndarray) -> np.ndarray:
    return np.clip(image + np.random.default_rng(0).normal(0, 20, image.shape), 0, 255).astype(np.uint8)


CHANGES = [
    pytest.param(saved_again, id="saved again"),
    pytest.param(lambda image: cv2.resize(image, (200, 150), interpolation=cv2.INTER_AREA), id="smaller"),
    pytest.param(lambda image: (image * 0.8 + 30).astype(np.uint8), id="brighter"),
    pytest.param(lambda image: cv2.GaussianBlur(image, (9, 9), 0), id="blurred"),
    pytest.param(noisy, id="noisy"),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", CHANGES)
def test_the_same_photo_is_known_again(name: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    image = getattr(photos, name)()
    assert differing_bits(perceptual_hash(image), perceptual_hash(change(image))) <= ALIKE_BITS


def test_different_photos_are_far_apart_and_even_images_tell_nothing() -> None:
    hashes = np.array([perceptual_hash(getattr(photos, name)()) for name in NAMES])
    apart = differing_bits(hashes[:, None], hashes[None])
    assert apart[~np.eye(len(NAMES), dtype=bool)].min() > 5 * ALIKE_BITS
    even = np.array([perceptual_hash(np.full((50, 50, 3), value, np.uint8)) for value in (0, 128, 255)])
    assert telling(np.concatenate([even, hashes])).tolist() == [3, 4, 5, 6]


def test_a_bit_says_where_the_next_mean_is_brighter() -> None:
    rising = np.tile(np.arange(17, dtype=np.uint8), (16, 1))
    assert np.unpackbits(perceptual_hash(rising).view(np.uint8)).all()
    assert not perceptual_hash(rising[:, ::-1].copy()).any()


def test_hashes_that_differ_in_few_bits_share_a_band() -> None:
    generator = np.random.default_rng(0)
    for _ in range(200):
        bits = generator.integers(0, 2, 256, dtype=np.uint8)
        other = bits.copy()
        other[generator.permutation(256)[:ALIKE_BITS]] ^= 1
        bands = hash_bands(np.packbits([bits, other], axis=1).view(np.uint64))
        assert bands.shape == (13, 2) and (bands[:, 0] == bands[:, 1]).any()


def test_bands_hold_all_bits() -> None:
    every = np.full((1, 4), np.iinfo(np.uint64).max, np.uint64)
    assert sum(int(band).bit_count() for band in hash_bands(every)[:, 0]) == 256


def test_runs() -> None:
    assert equal_runs(np.array([1, 1, 2, 3, 3, 3], np.uint32)) == [(0, 2), (3, 6)]
    assert equal_runs(np.array([], np.uint32)) == []
