"""The network as it is trained: augmentation in front, batch normalisation fused, its loss computed behind it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.train.data import grouping_model
from cnnkit.train.devices import Devices
from cnnkit.train.fitting.augmentation import augment
from cnnkit.train.fitting.fused import TrainingForm, ends_in_sigmoid, ends_in_softmax, training_copy
from cnnkit.train.fitting.objective import binary_cross_entropies, independent_objective, objective_layer
from cnnkit.train.fitting.optimizers import Steps, make_optimizer
from cnnkit.train.fitting.teacher import Teacher
from cnnkit.train.recipes import Recipe

_SMALLEST = 1e-7  # a probability below this counts as this


class Trainer:
    """A network with everything around it that training needs, and its state as plain arrays.

    Its `model` takes {"image": (N, H, W, C) uint8, "target": (N, classes) float32} and gives (N, classes + 1) float32:
    the logits, and the loss of each image.

    Args:
        network: The keras.Model that is wanted, in float32.
        recipe: How it is trained.
        devices: What it is trained on.
        steps: How long the training is.
        seed: Seeds augmentation and dropout.
        class_weights: (classes,) weights of the classes in the loss; None weighs all alike.
        teacher: A network whose answers are learned as well.
        independent: Whether any number of the classes may be right, rather than one.

    Attributes:
        network: The network that is wanted.
        copy: The same in a form that trains better.
        model: What is trained.
        devices: What it is trained on.
    """

    def __init__(
        self,
        network: Any,
        recipe: Recipe,
        devices: Devices,
        steps: Steps,
        seed: int,
        *,
        class_weights: NDArray[np.float32] | None = None,
        teacher: Teacher | None = None,
        independent: bool = False,
    ) -> None:
        self.network = network
        self._independent = independent
        self.devices = devices
        form = TrainingForm(devices.policy, recipe.dropout, recipe.l1, recipe.l2, seed, logits=True)
        self.copy = training_copy(network, form)
        self.model = self._build(recipe, seed, class_weights, teacher)
        metrics = [_accuracy(independent=independent), _plain_loss(independent=independent), _finite()]
        optimizer = make_optimizer(recipe, steps, scaled=devices.policy == "mixed_float16")
        self.model.compile(optimizer, _mean_loss, metrics=metrics, jit_compile=devices.jit)
        self.model.optimizer.build(self.model.trainable_variables)
        self._averages = [value for value in self.model.optimizer.variables if value.path.endswith("_average")]

    def _build(
        self, recipe: Recipe, seed: int, class_weights: NDArray[np.float32] | None, teacher: Teacher | None
    ) -> Any:
        import keras

        image = keras.Input(self.network.input_shape[1:], dtype="uint8", name="image")
        target = keras.Input(self.network.output_shape[1:], dtype="float32", name="target")
        mixed = augment(image, target, recipe, seed)
        logits = keras.ops.cast(self.copy(mixed["images"]), "float32")
        logits = self._as_logits(logits)
        answers: tuple[Any, ...] = (logits, mixed["labels"])
        if teacher is not None:
            answers = (*answers, teacher.layer()(mixed["images"]))
        loss = self._objective(recipe, class_weights, taught=teacher is not None)(*answers)
        together = keras.ops.concatenate([logits, keras.ops.expand_dims(loss, -1)], axis=-1)
        kind = grouping_model(recipe.batch_size) if self.devices.image_bytes else keras.Model
        return kind({"image": image, "target": target}, together)

    def _as_logits(self, answers: Any) -> Any:
        """Returns the logits of what the copy gives, which are probabilities where no last activation was left out."""
        from keras import ops

        if self._independent:
            if ends_in_sigmoid(self.network):
                return answers
            edged = ops.clip(answers, _SMALLEST, 1 - _SMALLEST)
            return ops.log(edged) - ops.log(1 - edged)
        return answers if ends_in_softmax(self.network) else ops.log(ops.maximum(answers, _SMALLEST))

    def _objective(self, recipe: Recipe, class_weights: NDArray[np.float32] | None, *, taught: bool) -> Any:
        if self._independent:
            return independent_objective(recipe)
        return objective_layer(recipe, class_weights, taught=taught)

    def set_learning_rate(self, rate: float) -> None:
        """Sets the learning rate, where no schedule of its own moves it."""
        self.model.optimizer.learning_rate = rate

    def swap_average(self) -> None:
        """Exchanges the weights and their running average, where the recipe keeps one; twice changes nothing."""
        from keras import ops

        for weight, average in zip(self.model.trainable_variables, self._averages, strict=bool(self._averages)):
            kept = np.copy(ops.convert_to_numpy(average))
            average.assign(weight)
            weight.assign(kept)

    def update_network(self) -> Any:
        """Copies the weights trained so far, or their average, into the network and returns it."""
        self.swap_average()
        self.network.set_weights(self.copy.get_weights())
        self.swap_average()
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


def _mean_loss(_: Any, answers: Any) -> Any:
    """The loss that is minimised: the last column of what the model gives."""
    return answers[:, -1]


def _accuracy(*, independent: bool) -> Any:
    """The share of right answers; of independent labels that of labels that are rightly there or not, at 0.5."""
    from keras import metrics, ops

    def accuracy(targets: Any, answers: Any) -> Any:
        if independent:
            right = ops.equal(targets > 0.5, answers[:, :-1] > 0)
            return ops.mean(ops.cast(right, "float32"), axis=-1)
        return ops.equal(ops.argmax(targets, axis=-1), ops.argmax(answers[:, :-1], axis=-1))

    return metrics.MeanMetricWrapper(accuracy, name="accuracy")


def _plain_loss(*, independent: bool) -> Any:
    """The cross-entropy alone, which is the same for training and validation images.

    What is minimised may have more to it: penalties on weights, smoothed labels, weights of classes, a teacher.
    """
    from keras import metrics, ops

    def plain_loss(targets: Any, answers: Any) -> Any:
        if independent:
            return binary_cross_entropies(targets, answers[:, :-1])
        return -ops.sum(targets * ops.log_softmax(answers[:, :-1]), axis=-1)

    return metrics.MeanMetricWrapper(plain_loss, name="plain_loss")


def _finite() -> Any:
    """The share of images whose loss was a number: it tells later at which step the numbers ended."""
    from keras import metrics, ops

    def finite(_: Any, answers: Any) -> Any:
        return ops.isfinite(answers[:, -1])

    return metrics.MeanMetricWrapper(finite, name="finite")
