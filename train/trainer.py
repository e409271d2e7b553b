"""The network as it is trained: augmentation in front, batch normalisation fused, compiled for a recipe."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.train.augmentation import augmentation_layers
from cnnkit.train.devices import Devices
from cnnkit.train.fused import training_copy
from cnnkit.train.optimizers import make_optimizer
from cnnkit.train.recipe import Recipe


class Trainer:
    """A network with everything around it that training needs, and its state as plain arrays.

    Args:
        network: The keras.Model that is wanted, in float32.
        recipe: How it is trained.
        devices: What it is trained on.
        steps: Optimizer steps of the whole training.
        seed: Seeds the augmentation.
    """

    def __init__(self, network: Any, recipe: Recipe, devices: Devices, steps: int, seed: int) -> None:
        import keras

        self.network = network
        self._copy = training_copy(network, mixed_precision=devices.policy)
        image = keras.Input(network.input_shape[1:], dtype="uint8")
        x = keras.ops.cast(image, "float32")
        for layer in augmentation_layers(recipe, seed):
            x = layer(x)
        self.model = keras.Model(image, self._copy(x))
        self.model.compile(
            make_optimizer(recipe, steps),
            keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
            metrics=["accuracy"],
            jit_compile=devices.jit,
        )
        self.model.optimizer.build(self.model.trainable_variables)

    def update_network(self) -> Any:
        """Copies the weights trained so far into the network and returns it."""
        self.network.set_weights(self._copy.get_weights())
        return self.network

    def state(self) -> dict[str, NDArray[Any]]:
        """Returns weights, optimizer state and the augmentation's generators, all that the next step depends on."""
        return {f"variable_{index}": np.asarray(value) for index, value in enumerate(self._variables())}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Takes a state back."""
        for index, variable in enumerate(self._variables()):
            variable.assign(state[f"variable_{index}"])

    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self.model.optimizer.variables]
