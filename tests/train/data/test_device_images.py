"""Batches whose images lie on the device are those that the host would send; needs JAX, on any device."""

from __future__ import annotations

import numpy as np
import pytest

from cnnkit.train.data.batches import make_batches
from cnnkit.train.data.dataset import Split

pytest.importorskip("jax", reason="JAX is not installed")

COUNT, CLASSES = 23, 5


def split() -> Split:
    generator = np.random.default_rng(3)
    images = generator.integers(0, 256, (COUNT + 7, 4, 6, 3), dtype=np.uint8)
    whole = Split.of(images, generator.integers(0, CLASSES, COUNT + 7))
    return whole.take(generator.permutation(COUNT + 7)[:COUNT])


@pytest.mark.parametrize("seed", [None, 7], ids=["in order", "shuffled"])
@pytest.mark.parametrize("used", [None, 20], ids=["all", "some"])
def test_batches_on_the_device_are_those_of_the_host(seed: int | None, used: int | None) -> None:
    import jax

    options = {"seed": seed, "epoch": 2, "used": used}
    host = make_batches(split(), np.eye(CLASSES, dtype=np.float32), 8, **options)  # type: ignore[arg-type]
    device = make_batches(split(), np.eye(CLASSES, dtype=np.float32), 8, device_bytes=10**6, **options)  # type: ignore[arg-type]
    assert len(host) == len(device) == 3
    for _ in range(2):
        for index in range(3):
            (one, target), (other, copied) = host[index], device[index]
            assert isinstance(other["image"], jax.Array) and other["image"].dtype == np.uint8
            np.testing.assert_array_equal(one["image"], other["image"])
            np.testing.assert_array_equal(one["target"], other["target"])
            np.testing.assert_array_equal(target, copied)
        host.on_epoch_end()
        device.on_epoch_end()


@pytest.mark.parametrize(("space", "kept"), [(COUNT * 72 - 1, False), (COUNT * 72, True)])
def test_images_stay_on_the_host_where_the_device_has_no_room(space: int, kept: bool) -> None:
    images = make_batches(split(), np.eye(CLASSES, dtype=np.float32), 8, device_bytes=space)[0][0]["image"]
    assert isinstance(images, np.ndarray) is not kept


def test_several_batches_are_given_at_once() -> None:
    batches = make_batches(split(), np.eye(CLASSES, dtype=np.float32), 2, device_bytes=10**6, grouped=True)
    assert [len(batches[index][1]) for index in range(len(batches))] == [22, 1]
    assert batches.last_steps == [10, 11]
    assert make_batches(split(), np.eye(CLASSES, dtype=np.float32), 2, grouped=True).last_steps == list(range(12))
