from __future__ import annotations

import numpy as np
import pytest

from cnnkit.train.architectures import NetworkShape, build_network
from cnnkit.train.fitting.augmentation import augmentation_layers
from cnnkit.train.fitting.fused import TrainingForm, training_copy
from cnnkit.train.fitting.optimizers import Steps, make_optimizer, make_schedule
from cnnkit.train.recipes.recipe import Recipe

OPTIMIZERS = ["sgd", "adam", "adamw", "nadam", "rmsprop", "lion"]
SHAPE = NetworkShape(32, 32, 3, 10, offset=121, spread=64.0)


def test_the_training_copy_learns_as_keras_itself_would() -> None:
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    network = build_network("resnet8", SHAPE)
    copy = training_copy(network)
    assert {type(layer).__name__ for layer in copy.layers} >= {"FusedBatchNormalization"}
    pixels = tf.constant(np.random.default_rng(0).integers(0, 256, (16, 32, 32, 3)), tf.float32)
    gradients = []
    for model in (network, copy):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(-tf.math.log(model(pixels, training=True)[:, 0]))
        gradients.append(tape.gradient(loss, model.trainable_variables))
    for plain, fused in zip(*gradients, strict=True):
        np.testing.assert_allclose(fused, plain, rtol=2e-3, atol=2e-4)
    for plain, fused in zip(network.get_weights(), copy.get_weights(), strict=True):
        np.testing.assert_allclose(fused, plain, rtol=2e-3, atol=2e-4)


def test_mixed_precision_leaves_the_network_in_float32() -> None:
    network = build_network("conv2", SHAPE)
    copy = training_copy(network, TrainingForm("mixed_bfloat16"))
    assert [layer.compute_dtype for layer in copy.layers[1:4]] == ["float32", "bfloat16", "bfloat16"]
    assert copy.layers[-1].compute_dtype == "float32"
    assert {layer.compute_dtype for layer in network.layers} == {"float32"}


@pytest.mark.parametrize(
    ("schedule", "warmup", "expected"),
    [
        pytest.param("constant", 0.5, [0.02, 0.1, 0.1, 0.1], id="constant after warm-up"),
        pytest.param("cosine", 0.5, [0.02, 0.1, 0.0654508, 0.0095492], id="half a cosine"),
        pytest.param("one-cycle", 0.5, [0.02, 0.1, 0.06, 0.02], id="up and down in lines"),
        pytest.param("one-cycle", 0.0, [0.1, 0.06, 0.03, 0.01], id="down alone"),
        pytest.param("steps", 0.0, [0.1, 0.1, 0.01, 0.01], id="dropped after an epoch"),
        pytest.param("halving", 0.0, [0.1, 0.1, 0.05, 0.05], id="halved after an epoch"),
        pytest.param("plateau", 0.2, [0.05, 0.1, 0.1, 0.1], id="warm-up, then moved from outside"),
    ],
)
def test_learning_rates(schedule: str, warmup: float, expected: list[float]) -> None:
    recipe = Recipe(learning_rate=0.1, schedule=schedule, warmup=warmup, decay_every=1)
    rate = make_schedule(recipe, Steps(5, 2))
    assert [float(rate(step)) for step in (0, 4, 7, 9)] == pytest.approx(expected, abs=1e-6)


def test_a_constant_rate_is_a_number() -> None:
    assert make_schedule(Recipe(learning_rate=0.01), Steps(5, 2)) == 0.01


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_move_a_weight_and_spare_biases_from_decay(name: str) -> None:
    import keras

    kernel, bias = (keras.Variable(np.ones(2, np.float32), name=name) for name in ("kernel", "bias"))
    optimizer = make_optimizer(Recipe(optimizer=name, learning_rate=0.1, weight_decay=0.5), Steps(5, 2))
    assert type(optimizer).__name__.lower() == name
    optimizer.apply([np.zeros(2, np.float32)] * 2, [kernel, bias])
    assert np.asarray(kernel) == pytest.approx(0.95)
    assert np.asarray(bias) == pytest.approx(1.0)


def test_augmentation_changes_images_in_training_alone_and_keeps_their_range() -> None:
    recipe = Recipe(flip=True, translate=0.2, zoom=0.2, rotate=20.0)
    pixels = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3)).astype(np.float32)
    x, still = pixels, pixels
    for layer in augmentation_layers(recipe, seed=1):
        x, still = layer(x, training=True), layer(still, training=False)
    assert len(augmentation_layers(recipe, seed=1)) == 1  # resampled once
    assert augmentation_layers(Recipe(), seed=1) == []
    assert np.array_equal(np.asarray(still), pixels)
    assert not np.array_equal(np.asarray(x), pixels)
    assert np.asarray(x).min() >= 0 and np.asarray(x).max() <= 255


def test_as_many_images_are_erased_as_asked() -> None:
    (erasing,) = augmentation_layers(Recipe(random_erasing=0.5), seed=1)
    pixels = np.full((2_000, 8, 8, 3), 99.0, np.float32)
    changed = (np.asarray(erasing(pixels, training=True)) != pixels).any(axis=(1, 2, 3))
    assert changed.mean() == pytest.approx(0.5, abs=0.06)  # five standard deviations
    np.testing.assert_array_equal(erasing(pixels, training=False), pixels)
