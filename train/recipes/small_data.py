"""Recipes on few images: batch size, learning rate and epochs follow the number of steps that there are.

A published recipe is made for some 390 steps an epoch (50,000 images in batches of 128). On 250 images the same numbers
give two steps an epoch, whose batch statistics and schedule mean nothing.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from cnnkit.system import log
from cnnkit.train.recipes.request import TrainingRequest

_FEW = 10  # steps an epoch; below, batches are made smaller
_SMALLEST = 16  # images a batch, since fewer make poor batch statistics
_STEPS = 1200  # of a training from random weights, at least
_TUNING_STEPS = 300  # of one that begins with weights that have learned
_MOST_EPOCHS = 200
_ADAPTIVE = ("adam", "adamw", "nadam", "rmsprop")


def few_steps(images: int, batch_size: int) -> bool:
    """Whether an epoch of so many images has so few steps that a recipe is fitted to them."""
    return math.ceil(images / batch_size) < _FEW


def fit_to_images(request: TrainingRequest, images: int) -> TrainingRequest:
    """Returns a request whose recipe suits so many training images; what was said by flags stays as it is.

    The batch is halved until an epoch has 10 steps, down to 16 images. With it the learning rate falls, in proportion
    for SGD and Lion (Goyal et al., arXiv:1706.02677), by the root for optimizers that divide by the gradient's size
    (Malladi et al., arXiv:2205.10287). Epochs rise until there are enough steps to learn anything.

    Args:
        request: With the recipe as it was written for more images.
        images: Training images.
    """
    recipe, free = request.recipe, request.free
    if not recipe.epochs:
        return request
    batch = recipe.batch_size
    while "batch_size" in free and batch >= 2 * _SMALLEST and few_steps(images, batch):
        batch //= 2
    steps = math.ceil(images / batch)
    changes: dict[str, Any] = {"batch_size": batch}
    if "learning_rate" in free:
        share = batch / recipe.batch_size
        changes["learning_rate"] = recipe.learning_rate * (share**0.5 if recipe.optimizer in _ADAPTIVE else share)
    if "epochs" in free and recipe.epochs:
        wanted = math.ceil((_TUNING_STEPS if recipe.head_first else _STEPS) / steps)
        changes["epochs"] = max(recipe.epochs, min(wanted, _MOST_EPOCHS))
    changed = {name: value for name, value in changes.items() if value != getattr(recipe, name)}
    if changed:
        shown = ", ".join(f"{name} {getattr(recipe, name):g} -> {value:g}" for name, value in changed.items())
        log.info("recipe %s, fitted to %s training images: %s", recipe.name, f"{images:,}", shown)
    return dataclasses.replace(request, recipe=dataclasses.replace(recipe, **changed))
