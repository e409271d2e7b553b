from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from cnnkit.errors import ParityError
from cnnkit.export.parity import check_parity, parity_images
from cnnkit.export.samples import blended_photo, generated_images, telling_images, varied_images
from cnnkit.runtime.golden import encode_golden, is_clear
from cnnkit.spec import InputSpec


def taken(size: int = 32, channels: int = 3) -> InputSpec:
    return InputSpec(height=size, width=size + 1, channels=channels, color="rgb" if channels == 3 else "gray")


@settings(max_examples=20)
@given(st.integers(0, 9), st.integers(2, 40), st.sampled_from([1, 3]), st.integers(0, 2**32))
def test_images_have_the_size_asked_for_and_come_again(count, size, channels, seed):
    images = generated_images(count, taken(size, channels), seed)
    assert (images.shape, images.dtype) == ((count, size, size + 1, channels), np.uint8)
    np.testing.assert_array_equal(images, generated_images(count, taken(size, channels), seed))
    if count:
        varied = varied_images(images, 3, seed)
        assert (varied.shape, varied.dtype) == ((3, size, size + 1, channels), np.uint8)


def test_generated_images_differ_and_reach_all_brightnesses():
    images = generated_images(16, taken(), 0)
    assert len({image.tobytes() for image in images}) == 16
    assert images.min() < 20
    assert images.max() > 235


def test_sixteen_large_ones_fit_into_a_spec():
    images = generated_images(16, taken(160), 0)
    assert len(encode_golden(images, np.full((16, 2), 0.5, np.float32))) >= 4


@pytest.mark.parametrize(("golden", "images"), [(0, 64), (16, 80)], ids=["none", "sixteen"])
def test_parity_is_tried_on_golden_images_and_64_others(golden, images):
    drawn = generated_images(golden, taken(), 0)
    tried = parity_images(drawn, taken())
    assert len({image.tobytes() for image in tried}) == images
    np.testing.assert_array_equal(tried[:golden], drawn)


def answer(value: float):
    return np.full((3, 2), value, np.float32)


def test_parity_within_the_tolerance():
    parity = check_parity(answer(0.5), answer(0.50005), tolerance=1e-4)
    assert parity.images == 3
    assert parity.max_probability_difference == pytest.approx(5e-5, rel=0.01)


@pytest.mark.parametrize("value", [0.501, float("nan")], ids=["too far", "no number"])
def test_parity_error(value):
    with pytest.raises(ParityError, match="expected at most 1e-04: no file was written"):
        check_parity(answer(0.5), answer(value), tolerance=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
def test_blended_photos_are_small_files_and_come_again(channels):
    images = blended_photo(6, taken(224, channels), 0)
    assert (images.shape, images.dtype) == ((6, 224, 225, channels), np.uint8)
    np.testing.assert_array_equal(images, blended_photo(6, taken(224, channels), 0))
    assert len({image.tobytes() for image in images}) == 6
    assert max(len(image.png) for image in encode_golden(images, np.ones((6, 2), np.float32))) < 24_000


def test_telling_images_vary_in_their_answers():
    """A network of 1,000 classes: which of a thousand colours is the nearest to the mean of an image."""
    colours = np.random.default_rng(0).uniform(60, 200, (1000, 3))

    def answer(images):
        means = images.mean(axis=(1, 2))
        scores = -((means[:, None] - colours[None]) ** 2).sum(axis=-1) / 20
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)

    images, answers = telling_images(answer, taken(64))
    assert (len(images), len(set(answers.argmax(axis=1)))) == (16, 16)
    assert is_clear(answers).all()
    np.testing.assert_allclose(answers, answer(images), rtol=1e-5)
