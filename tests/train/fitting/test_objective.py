from __future__ import annotations

import numpy as np
import pytest

from cnnkit.train.fitting.objective import balanced_weights, objective_layer
from cnnkit.train.recipes.recipe import Recipe

LOGITS = np.array([[2.0, 0.0, -1.0], [0.5, 0.5, 3.0]], np.float32)
TARGET = np.array([[1.0, 0.0, 0.0], [0.0, 0.25, 0.75]], np.float32)
TEACHER = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], np.float32)


def softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values)
    return powers / powers.sum(axis=1, keepdims=True)


def cross_entropy(target: np.ndarray) -> np.ndarray:
    return -(target * np.log(softmax(LOGITS))).sum(axis=1)


def loss(recipe: Recipe, *answers: np.ndarray, training: bool = True, weights: np.ndarray | None = None) -> np.ndarray:
    return np.asarray(objective_layer(recipe, weights, taught=len(answers) == 3)(*answers, training=training))


@pytest.mark.parametrize(
    ("recipe", "weights", "expected"),
    [
        pytest.param(Recipe(), None, cross_entropy(TARGET), id="cross-entropy"),
        pytest.param(Recipe(label_smoothing=0.3), None, cross_entropy(0.7 * TARGET + 0.1), id="smoothed"),
        pytest.param(
            Recipe(),
            np.array([2.0, 1.0, 0.5], np.float32),
            cross_entropy(TARGET) * np.array([2.0, 0.625]),
            id="weighed by the mixture of classes",
        ),
    ],
)
def test_losses(recipe: Recipe, weights: np.ndarray | None, expected: np.ndarray) -> None:
    assert loss(recipe, LOGITS, TARGET, weights=weights) == pytest.approx(expected, rel=1e-5)


def test_distillation_is_the_sum_that_hinton_et_al_give() -> None:
    recipe = Recipe(temperature=2.0, distillation=0.6)
    taught, pupil = softmax(np.log(TEACHER) / 2), softmax(LOGITS / 2)
    divergence = (taught * np.log(taught / pupil)).sum(axis=1)
    expected = 0.4 * cross_entropy(TARGET) + 0.6 * 4 * divergence
    assert loss(recipe, LOGITS, TARGET, TEACHER) == pytest.approx(expected, rel=1e-5)


def test_validation_measures_the_plain_cross_entropy() -> None:
    recipe = Recipe(label_smoothing=0.3, distillation=0.9)
    weights = np.array([9.0, 9.0, 9.0], np.float32)
    measured = loss(recipe, LOGITS, TARGET, TEACHER, training=False, weights=weights)
    assert measured == pytest.approx(cross_entropy(TARGET), rel=1e-5)


def test_very_wrong_answers_still_have_a_gradient() -> None:
    import tensorflow as tf

    logits = tf.Variable([[200.0, 0.0, 0.0]])
    with tf.GradientTape() as tape:
        value = objective_layer(Recipe(), None, taught=False)(logits, TARGET[1:], training=True)
    assert np.asarray(tape.gradient(value, logits)) == pytest.approx(np.array([[1.0, -0.25, -0.75]]))


def test_balanced_weights_average_to_one_over_the_images() -> None:
    targets = np.array([0] * 6 + [1] * 3 + [2])
    weights = balanced_weights(targets, 3)
    assert weights == pytest.approx([10 / 18, 10 / 9, 10 / 3])
    assert weights[targets].mean() == pytest.approx(1.0)
