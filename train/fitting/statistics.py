"""Statistics of batch normalisation measured anew, where an epoch is too short for their running averages to follow.

Source: "precise batch normalisation", Wu and Johnson, "Rethinking Batch in BatchNorm", arXiv:2105.07576, section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.runtime import flat_layers
from cnnkit.train.data import Split

FEW_STEPS = 100  # an epoch; at Keras' momentum of 0.99 the averages have forgotten a third of what they began with
_MOST_IMAGES = 1024


class BatchStatistics:
    """Measures the means and variances of a network's batch normalisation.

    Args:
        copy: The keras.Model that is trained, from (N, H, W, C) pixels.
        split: Training images.
        batch_size: Images a batch.
    """

    def __init__(self, copy: Any, split: Split, batch_size: int) -> None:
        self._copy, self._size = copy, min(batch_size, len(split))
        count = min(len(split), max(_MOST_IMAGES, self._size)) // self._size * self._size
        spread = np.linspace(0, len(split) - 1, count).astype(np.int64)
        self._split = split.take(np.random.default_rng(0).permutation(spread))
        self._layers = [layer for layer in flat_layers(copy) if _learns_statistics(layer)]
        self._function: Callable[[NDArray[np.float32]], Any] | None = None

    def measure(self) -> None:
        """Replaces the running averages by the means over batches of training images, which are not augmented."""
        if not self._layers:
            return
        batches = [self._statistics(images.astype(np.float32)) for images in self._split.batches(self._size)]
        variables = [variable for layer in self._layers for variable in (layer.moving_mean, layer.moving_variance)]
        for variable, values in zip(variables, zip(*batches, strict=True), strict=True):
            variable.assign(np.mean(values, axis=0))

    def _statistics(self, images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Returns mean and variance of each layer for one batch."""
        if self._function is None:
            self._function = self._compile()
        return [np.asarray(value) for value in self._function(images)]

    def _compile(self) -> Callable[[NDArray[np.float32]], Any]:
        import keras

        wanted = {id(v) for layer in self._layers for v in (layer.moving_mean, layer.moving_variance)}
        places = [at for at, v in enumerate(self._copy.non_trainable_variables) if id(v) in wanted]

        def look(trainable: Any, others: Any, images: Any) -> list[Any]:
            momenta = [layer.momentum for layer in self._layers]
            for layer in self._layers:
                layer.momentum = 0.0  # the average becomes the batch's own; read when the function is traced
            try:
                _, after = self._copy.stateless_call(trainable, others, images, training=True)
            finally:
                for layer, momentum in zip(self._layers, momenta, strict=True):
                    layer.momentum = momentum
            return [after[at] for at in places]

        if keras.backend.backend() == "jax":
            import jax

            compiled = jax.jit(look)
        else:
            import tensorflow as tf

            compiled = tf.function(look)

        def call(images: NDArray[np.float32]) -> Any:
            return compiled(*([v.value for v in part] for part in self._variables()), images)

        return call

    def _variables(self) -> tuple[list[Any], list[Any]]:
        return self._copy.trainable_variables, self._copy.non_trainable_variables


def _learns_statistics(layer: Any) -> bool:
    import keras

    return isinstance(layer, keras.layers.BatchNormalization) and bool(layer.trainable)
