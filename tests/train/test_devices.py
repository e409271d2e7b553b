"""What mixed precision is on which device, and how float16 is kept from losing gradients."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from cnnkit.runtime.keras import full_precision
from cnnkit.train.architectures import NetworkShape, build_network
from cnnkit.train.data.batches import make_batches
from cnnkit.train.data.dataset import Split
from cnnkit.train.devices import Devices, half_type_of
from cnnkit.train.fitting.optimizers import Steps
from cnnkit.train.fitting.trainer import Trainer
from cnnkit.train.recipes.recipe import Recipe


@pytest.mark.parametrize(
    ("capability", "half"),
    [
        pytest.param("7.5", "float16", id="Turing as JAX says it"),
        pytest.param((7, 0), "float16", id="Volta as TensorFlow says it"),
        pytest.param("9.0", "bfloat16", id="Hopper as JAX says it"),
        pytest.param((8, 0), "bfloat16", id="Ampere as TensorFlow says it"),
        pytest.param("gfx90a", "bfloat16", id="no CUDA"),
        pytest.param(None, "bfloat16", id="CPU"),
    ],
)
def test_the_16_bit_type_that_a_device_multiplies(capability: Any, half: str) -> None:
    assert half_type_of(capability) == half


def test_float16_multiplies_the_loss_and_learns() -> None:
    recipe = Recipe(ema=0.5, momentum=0.9, optimizer="sgd", learning_rate=0.01, batch_size=8)
    network = build_network("resnet8", NetworkShape(8, 8, 3, 3, offset=121, spread=64.0))
    trainer = Trainer(network, recipe, Devices("tensorflow", ("old",), "mixed_float16", False), Steps(2, 2), seed=0)
    assert float(trainer.model.optimizer.dynamic_scale) > 1
    generator = np.random.default_rng(0)
    split = Split.of(generator.integers(0, 256, (16, 8, 8, 3), dtype=np.uint8), generator.integers(0, 3, 16))
    before = [np.copy(weight) for weight in network.get_weights()]
    batches = make_batches(split, np.eye(3, dtype=np.float32), 8, seed=0)
    figures = trainer.model.fit(batches, epochs=2, verbose=0, shuffle=False).history
    assert np.isfinite(figures["loss"]).all()
    after = trainer.update_network().get_weights()
    assert any(not np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    state = trainer.state()
    changed = dataclasses.replace(recipe, learning_rate=0.02)
    other = Trainer(network, changed, trainer.devices, Steps(2, 2), seed=1)
    other.restore(state)
    assert all(np.array_equal(value, other.state()[name]) for name, value in state.items())


def test_full_precision_is_asked_for_and_given_back() -> None:
    import tensorflow as tf

    before = tf.config.experimental.tensor_float_32_execution_enabled()
    with pytest.raises(KeyError), full_precision():
        assert not tf.config.experimental.tensor_float_32_execution_enabled()
        raise KeyError
    assert tf.config.experimental.tensor_float_32_execution_enabled() is before
