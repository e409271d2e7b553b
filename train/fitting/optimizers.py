"""Optimizers and learning-rate schedules, as a recipe asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cnnkit.train.recipes import Recipe

NOT_DECAYED = ("bias", "gamma", "beta")
_KEPT = {"adam": 2, "adamw": 2, "nadam": 2, "sgd": 1, "rmsprop": 2, "lion": 1}  # numbers kept for each weight
_FLOAT_BYTES = 4
_FILE_BYTES = 2**18  # layer names, configuration, and all small files of a run


@dataclass(frozen=True)
class Steps:
    """How long a training is, in optimizer steps."""

    epoch: int  # steps an epoch
    epochs: int

    @property
    def all(self) -> int:
        """Steps of the whole training."""
        return self.epoch * self.epochs


def make_optimizer(recipe: Recipe, steps: Steps, *, scaled: bool = False) -> Any:
    """Makes a Keras optimizer with its schedule.

    Args:
        recipe: The training's numbers.
        steps: How long it is.
        scaled: Multiply the loss, lest gradients in float16 become zeros.

    Returns:
        A keras.optimizers.Optimizer. Weight decay leaves biases and normalisation parameters alone.
    """
    from keras import optimizers

    common: dict[str, Any] = {
        "learning_rate": make_schedule(recipe, steps),
        "weight_decay": recipe.weight_decay or None,
        "global_clipnorm": recipe.clip_norm or None,
        "use_ema": recipe.ema > 0,
        "ema_momentum": recipe.ema,
    }
    betas = {"beta_1": recipe.beta_1, "beta_2": recipe.beta_2}
    match recipe.optimizer:
        case "sgd":
            made = optimizers.SGD(momentum=recipe.momentum, nesterov=recipe.momentum > 0, **common)
        case "rmsprop":
            rho = {"rho": recipe.beta_2, "momentum": recipe.momentum, "epsilon": recipe.epsilon}
            made = optimizers.RMSprop(**rho, **common)
        case "lion":
            made = optimizers.Lion(**betas, **common)
        case "adamw":
            made = optimizers.AdamW(**betas, epsilon=recipe.epsilon, **{**common, "weight_decay": recipe.weight_decay})
        case "nadam":
            made = optimizers.Nadam(**betas, epsilon=recipe.epsilon, **common)
        case _:
            made = optimizers.Adam(**betas, epsilon=recipe.epsilon, **common)
    if recipe.weight_decay:
        made.exclude_from_weight_decay(var_names=list(NOT_DECAYED))
    return optimizers.LossScaleOptimizer(made) if scaled else made


def kept_bytes(recipe: Recipe, parameters: int) -> int:
    """Returns how large a run's model and checkpoint together become, at most and nearly.

    Args:
        recipe: Its optimizer, and whether it averages the weights.
        parameters: Of the network.
    """
    arrays = 2 + _KEPT[recipe.optimizer] + (recipe.ema > 0)  # the weights stand in both files
    return arrays * parameters * _FLOAT_BYTES + _FILE_BYTES


def rate_at(recipe: Recipe, steps: Steps, step: int, constant: float) -> float:
    """Returns the learning rate of one step, counted from 0.

    Args:
        recipe: Its schedule.
        steps: How long the training is.
        step: Which one.
        constant: The learning rate where no schedule moves it from step to step.
    """
    from keras import ops

    schedule = make_schedule(recipe, steps)
    return float(ops.convert_to_numpy(schedule(step))) if callable(schedule) else constant


def make_schedule(recipe: Recipe, steps: Steps) -> Any:
    """Makes the learning rate: a number where it never moves by itself, or a function of the step that Keras calls.

    Args:
        recipe: Schedule, peak, warm-up and drops.
        steps: How long the training is.
    """
    if recipe.schedule in ("constant", "plateau") and not recipe.warmup:
        return recipe.learning_rate
    import keras
    from keras import ops

    rising = max(1.0, recipe.warmup * steps.all)
    falling = max(1.0, steps.all - recipe.warmup * steps.all)

    class Schedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
        """Linear warm-up from nearly 0 to the peak, times the schedule's own share of it."""

        def __call__(self, step: Any) -> Any:
            step = ops.cast(step, "float32")
            warm = ops.minimum((step + 1.0) / rising, 1.0) if recipe.warmup else 1.0
            done = ops.clip((step - (steps.all - falling)) / falling, 0.0, 1.0)
            return recipe.learning_rate * warm * self._share(step, done)

        def _share(self, step: Any, done: Any) -> Any:
            drops = ops.floor(step / float(recipe.decay_every * steps.epoch))
            match recipe.schedule:
                case "cosine":
                    return 0.5 * (1.0 + ops.cos(done * 3.141592653589793))
                case "one-cycle":
                    return 1.0 - done
                case "halving":
                    return ops.power(0.5, drops)
                case "steps":
                    return ops.power(recipe.decay_factor, ops.minimum(drops, 1.0) if recipe.decay_once else drops)
            return ops.ones_like(done)

        def get_config(self) -> dict[str, Any]:
            return {}

    return Schedule()
