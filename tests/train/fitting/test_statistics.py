"""Batch statistics measured anew."""

from __future__ import annotations

import numpy as np
import pytest

from cnnkit.train.data import Split
from cnnkit.train.fitting.fused import training_copy
from cnnkit.train.fitting.statistics import BatchStatistics


def network() -> object:
    import keras
    from keras import layers

    image = keras.Input((4, 4, 3))
    normalised = layers.BatchNormalization(name="first")(layers.Rescaling(1 / 255)(image))
    x = layers.BatchNormalization(name="second")(layers.Conv2D(5, 1, name="conv")(normalised))
    return keras.Model(image, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


@pytest.fixture
def split() -> Split:
    images = np.random.default_rng(0).integers(0, 256, (48, 4, 4, 3), dtype=np.uint8)
    return Split.of(images, np.zeros(48, np.int64))


def test_the_averages_become_those_of_the_images(split: Split) -> None:
    copy = training_copy(network())
    before = {layer.name: layer.momentum for layer in copy.layers if hasattr(layer, "momentum")}
    statistics = BatchStatistics(copy, split, 16)
    statistics.measure()
    pixels = split.images.astype(np.float64).reshape(-1, 3) / 255
    first = copy.get_layer("first")
    assert np.allclose(first.moving_mean, pixels.mean(axis=0), atol=1e-4)
    assert np.allclose(first.moving_variance, pixels.var(axis=0), rtol=0.03)  # batches vary less than all of them
    second = copy.get_layer("second")
    assert not np.allclose(second.moving_mean, 0) and not np.allclose(second.moving_variance, 1)
    assert {layer.name: layer.momentum for layer in copy.layers if hasattr(layer, "momentum")} == before
    again = [np.array(weight) for weight in copy.get_weights()]
    statistics.measure()
    assert all(np.allclose(one, other, atol=1e-6) for one, other in zip(again, copy.get_weights(), strict=True))


def test_frozen_layers_and_weights_are_left_alone(split: Split) -> None:
    model = network()
    model.get_layer("first").trainable = False  # type: ignore[attr-defined]
    copy = training_copy(model)
    (kernel, _) = copy.get_layer("conv").get_weights()
    BatchStatistics(copy, split, 16).measure()
    assert np.allclose(copy.get_layer("first").moving_mean, 0)
    assert not np.allclose(copy.get_layer("second").moving_variance, 1)
    assert np.array_equal(kernel, copy.get_layer("conv").get_weights()[0])
