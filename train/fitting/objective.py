"""What a training minimises: cross-entropy with smoothed, mixed and weighted targets, and a teacher's answers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.train.recipes import Recipe

_SMALLEST = 1e-7  # a teacher's probability below this counts as this


def objective_layer(recipe: Recipe, class_weights: NDArray[np.float32] | None, *, taught: bool) -> Any:
    """Makes the layer that computes each image's loss, so that images and targets can be mixed on the device.

    While training the loss is

        (1 - d) w CE(smoothed target, p) + d T^2 KL(teacher_T || p_T)

    with d and T the recipe's distillation and temperature (Hinton et al., "Distilling the Knowledge in a Neural
    Network", arXiv:1503.02531), w the weight of the target's class and q_T = softmax(log q / T); without a teacher d is
    0. Else it is the plain cross-entropy, so that validation losses of different recipes can be compared.

    Args:
        recipe: label_smoothing, distillation and temperature.
        class_weights: (classes,) mean 1; None weighs all alike.
        taught: Whether a teacher's answers are given.

    Returns:
        A keras.layers.Layer: (N, classes) logits, targets and, where taught, the teacher's probabilities, to
        (N,) losses in nats.
    """
    import keras
    from keras import ops

    share = recipe.distillation if taught else 0.0

    class Objective(keras.layers.Layer):  # type: ignore[misc]
        """The loss of each image."""

        def call(self, logits: Any, target: Any, teacher: Any = None, training: bool | None = None) -> Any:
            logs = ops.log_softmax(logits)
            if not training:
                return -ops.sum(target * logs, axis=-1)
            classes = target.shape[-1]
            smooth = target * (1.0 - recipe.label_smoothing) + recipe.label_smoothing / classes
            loss = -ops.sum(smooth * logs, axis=-1)
            if class_weights is not None:
                loss = loss * ops.sum(target * class_weights, axis=-1)
            if not taught:
                return loss
            pupil = ops.log_softmax(logs / recipe.temperature)
            taught_logs = ops.log_softmax(ops.log(ops.maximum(teacher, _SMALLEST)) / recipe.temperature)
            divergence = ops.sum(ops.exp(taught_logs) * (taught_logs - pupil), axis=-1)
            return (1.0 - share) * loss + share * recipe.temperature**2 * divergence

    return Objective(name="objective", dtype="float32")


def independent_objective(recipe: Recipe) -> Any:
    """Makes the layer that computes each image's loss where any number of labels may be right.

    That is the sum of the labels' binary cross-entropies, while training with targets smoothed towards 0.5.

    Args:
        recipe: label_smoothing.

    Returns:
        A keras.layers.Layer: (N, labels) logits and targets to (N,) losses in nats.
    """
    import keras

    class IndependentObjective(keras.layers.Layer):  # type: ignore[misc]
        """The loss of each image."""

        def call(self, logits: Any, target: Any, training: bool | None = None) -> Any:
            if training:
                target = target * (1.0 - recipe.label_smoothing) + 0.5 * recipe.label_smoothing
            return binary_cross_entropies(target, logits)

    return IndependentObjective(name="objective", dtype="float32")


def binary_cross_entropies(targets: Any, logits: Any) -> Any:
    """Returns (N,), in nats, of (N, labels) targets from 0 to 1 and logits, summed over the labels."""
    from keras import ops

    return ops.sum(ops.softplus(logits) - targets * logits, axis=-1)


def balanced_weights(targets: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Returns (classes,) weights in inverse proportion to the classes' counts; their mean over the images is 1.

    The rule is scikit-learn's "balanced" one: images / (classes x images of the class).
    """
    from sklearn.utils.class_weight import compute_class_weight

    weights = compute_class_weight("balanced", classes=np.arange(classes), y=targets)
    return np.asarray(weights, np.float32)
