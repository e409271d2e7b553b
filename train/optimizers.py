"""Optimizers and learning-rate schedules, as a recipe asks for them."""

from __future__ import annotations

from typing import Any

from cnnkit.train.recipe import Recipe


def make_optimizer(recipe: Recipe, steps: int) -> Any:
    """Makes a Keras optimizer with its schedule.

    Args:
        recipe: The training's numbers.
        steps: Optimizer steps of the whole training.

    Returns:
        A keras.optimizers.Optimizer. Weight decay leaves biases and normalisation parameters alone.
    """
    from keras import optimizers

    rate = make_schedule(recipe, steps)
    decay = recipe.weight_decay or None
    match recipe.optimizer:
        case "sgd":
            nesterov = recipe.momentum > 0
            made = optimizers.SGD(rate, momentum=recipe.momentum, nesterov=nesterov, weight_decay=decay)
        case "rmsprop":
            made = optimizers.RMSprop(rate, momentum=recipe.momentum, weight_decay=decay)
        case "adamw":
            made = optimizers.AdamW(rate, weight_decay=recipe.weight_decay)
        case "nadam":
            made = optimizers.Nadam(rate, weight_decay=decay)
        case _:
            made = optimizers.Adam(rate, weight_decay=decay)
    if decay:
        made.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return made


def make_schedule(recipe: Recipe, steps: int) -> Any:
    """Makes the learning rate: a number, or a function of the step that Keras calls.

    Args:
        recipe: Schedule, peak and warm-up.
        steps: Optimizer steps of the whole training.
    """
    if recipe.schedule == "constant" and not recipe.warmup:
        return recipe.learning_rate
    import keras
    from keras import ops

    rising = max(1.0, recipe.warmup * steps)
    falling = max(1.0, steps - recipe.warmup * steps)

    class Schedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
        """Linear warm-up from nearly 0 to the peak, then constant, half a cosine, or a line down to 0."""

        def __call__(self, step: Any) -> Any:
            step = ops.cast(step, "float32")
            warm = (step + 1.0) / rising if recipe.warmup else 1.0
            done = ops.clip((step - (steps - falling)) / falling, 0.0, 1.0)
            return recipe.learning_rate * ops.minimum(warm, self._decay(done))

        def _decay(self, done: Any) -> Any:
            if recipe.schedule == "cosine":
                return 0.5 * (1.0 + ops.cos(done * 3.141592653589793))
            return 1.0 - done if recipe.schedule == "one-cycle" else ops.ones_like(done)

        def get_config(self) -> dict[str, Any]:
            return {}

    return Schedule()
