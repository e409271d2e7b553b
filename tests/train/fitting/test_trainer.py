"""The training copy of networks with penalties, dropout, and networks nested in them."""

from __future__ import annotations

import numpy as np
import pytest

from cnnkit.runtime.keras import flat_layers
from cnnkit.train.architectures import NetworkShape, build_network
from cnnkit.train.devices import Devices
from cnnkit.train.fitting.fused import TrainingForm, training_copy
from cnnkit.train.fitting.optimizers import Steps
from cnnkit.train.fitting.trainer import Trainer
from cnnkit.train.recipes.recipe import Recipe

SHAPE = NetworkShape(32, 32, 3, 10, offset=121, spread=64.0)
NESTED = ("mobilenet_v3_small:weights=none", "efficientnet_v2_b0:weights=none")


@pytest.mark.parametrize("name", ["bn3_regularized", "model_s", "mobilenet_v1", *NESTED])
def test_the_training_copy_answers_alike_and_keeps_penalties(name: str) -> None:
    network = build_network(name, SHAPE)
    generator = np.random.default_rng(1)
    network.set_weights([np.abs(generator.normal(w, 0.1)).astype(w.dtype) for w in network.get_weights()])
    copy = training_copy(network)
    pixels = generator.integers(0, 256, (4, 32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(copy(pixels, training=False), network(pixels, training=False), atol=1e-6)
    kinds = {type(layer).__name__ for layer in flat_layers(copy)}
    assert "FusedBatchNormalization" in kinds and "BatchNormalization" not in kinds
    assert [float(loss) for loss in copy.losses] == pytest.approx([float(loss) for loss in network.losses])
    assert [layer.trainable for layer in flat_layers(copy)] == [layer.trainable for layer in flat_layers(network)]


def test_a_frozen_nested_network_stays_frozen_in_the_training_copy() -> None:
    network = build_network("mobilenet_v3_small:weights=none", SHAPE)
    network.layers[2].trainable = False
    assert len(training_copy(network).trainable_variables) == 2


def test_frozen_batch_normalisation_keeps_its_statistics() -> None:
    network = build_network("bn3", SHAPE)
    for layer in network.layers:
        layer.trainable = False
    copy = training_copy(network)
    pixels = np.random.default_rng(1).integers(0, 256, (4, 32, 32, 3)).astype(np.float32)
    before = copy.get_weights()
    np.testing.assert_allclose(copy(pixels, training=True), network(pixels, training=False), atol=1e-6)
    assert all(map(np.array_equal, before, copy.get_weights()))


def test_dropout_draws_anew_at_every_step() -> None:
    copy = training_copy(build_network("vgg3_dropout", SHAPE))
    pixels = np.full((1, 32, 32, 3), 200.0, np.float32)
    one, other = (np.asarray(copy(pixels, training=True)) for _ in range(2))
    assert not np.array_equal(one, other)


def test_mixed_precision_reaches_nested_layers_and_spares_the_pixels() -> None:
    copy = training_copy(build_network("efficientnet_v2_b0:weights=none", SHAPE), TrainingForm("mixed_bfloat16"))
    types = {layer.name: layer.compute_dtype for layer in flat_layers(copy)}
    assert (types["standardise"], types["probabilities"], types["stem_conv"]) == ("float32", "float32", "bfloat16")


def test_batch_normalisation_takes_16_bits_and_keeps_32() -> None:
    import tensorflow as tf

    network = build_network("resnet8", SHAPE)
    copies = {policy: training_copy(network, TrainingForm(policy)) for policy in (None, "mixed_bfloat16")}
    fused = next(
        layer for layer in copies["mixed_bfloat16"].layers if type(layer).__name__ == "FusedBatchNormalization"
    )
    values = np.random.default_rng(0).normal(3.0, 2.0, (8, 6, 6, 16)).astype(np.float32)
    answer = fused(tf.cast(values, tf.bfloat16), training=True)
    assert answer.dtype == tf.bfloat16 and fused.gamma.dtype == "float32"
    np.testing.assert_allclose(np.asarray(fused.moving_mean), 0.01 * values.mean(axis=(0, 1, 2)), rtol=0.01)
    pixels = np.random.default_rng(1).integers(0, 256, (16, 32, 32, 3)).astype(np.float32)
    whole, half = (np.asarray(copy(pixels, training=True)) for copy in copies.values())
    np.testing.assert_allclose(half, whole, atol=0.05)


@pytest.mark.parametrize("head", ["activation", "softmax", "average"])
def test_probabilities_from_any_last_layer_are_trained_on(head: str) -> None:
    import keras
    from keras import layers

    image = keras.Input((8, 8, 3))
    flat = layers.Flatten()(layers.Rescaling(1 / 255)(image))
    if head == "average":  # the mean of two softmaxes is none itself
        halves = [layers.Dense(4, activation="softmax")(flat) for _ in range(2)]
        answer = layers.Average()(halves)
    else:
        last = layers.Activation("softmax") if head == "activation" else layers.Softmax()
        answer = last(layers.Dense(4)(flat))
    network = keras.Model(image, answer)
    trainer = Trainer(network, Recipe(), Devices("tensorflow", (), None, False), Steps(1, 1), seed=0)
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    given = {"image": images, "target": np.eye(4, dtype=np.float32)[np.arange(6) % 4]}
    answers = np.asarray(trainer.model(given, training=False))
    expected = np.asarray(network(images.astype(np.float32)))
    powers = np.exp(answers[:, :-1])
    np.testing.assert_allclose(powers / powers.sum(axis=1, keepdims=True), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("devices", "images", "used"),
    [
        pytest.param(Devices("tensorflow", (), None, False), 257, 256, id="odd on TensorFlow's CPU"),
        pytest.param(Devices("tensorflow", (), None, False), 1, 1, id="a single image"),
        pytest.param(Devices("tensorflow", ("a GPU",), None, True), 257, 257, id="GPU"),
        pytest.param(Devices("jax", (), None, True), 257, 257, id="JAX"),
        pytest.param(Devices("tensorflow", (), None, False, copies=3), 257, 252, id="three devices"),
    ],
)
def test_images_of_an_epoch(devices: Devices, images: int, used: int) -> None:
    assert devices.used_images(images) == used


def test_the_plain_loss_of_training_images_is_that_of_validation_images() -> None:
    """It is the cross-entropy alone: no penalty on weights, no smoothing, no weights of classes."""
    import keras

    network = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")])
    network.set_weights([np.random.default_rng(2).normal(0, 1e-3, weight.shape) for weight in network.get_weights()])
    recipe = Recipe(l2=0.5, label_smoothing=0.3, learning_rate=1e-12, batch_size=6, schedule="constant")
    weights = np.array([2.5, 0.25, 0.25], np.float32)
    trainer = Trainer(
        network, recipe, Devices("tensorflow", (), None, jit=False), Steps(1, 1), seed=0, class_weights=weights
    )
    images = np.random.default_rng(3).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    targets = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]]
    batch = {"image": images, "target": targets}
    trained = trainer.model.train_on_batch(batch, targets, return_dict=True)
    validated = trainer.model.test_on_batch(batch, targets, return_dict=True)
    answers = np.asarray(network(images.astype(np.float32)), np.float64)
    expected = -np.log(answers[np.arange(6), targets.argmax(axis=1)]).mean()
    assert float(trained["plain_loss"]) == pytest.approx(expected, rel=1e-4)
    assert float(validated["plain_loss"]) == pytest.approx(expected, rel=1e-4)
    assert abs(float(trained["loss"]) - expected) > 1e-3
