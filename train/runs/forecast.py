"""How long a training will take, said before it begins: by the time of a batch, and how many there are."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from cnnkit.system import log
from cnnkit.train.data import Dataset
from cnnkit.train.progress import duration
from cnnkit.train.recipes import TrainingRequest

_LARGE = 96  # pixels a side from which a training is long enough to be asked about
_BATCH = 16
# An image that is learned from takes so many times as long as one that is only looked at, with EfficientNet-Lite0
# at 224 pixels on two cores.
_COSTS = {"all": 6.0, "upper": 4.0}


def say_forecast(request: TrainingRequest, network: Any, dataset: Dataset) -> None:
    """Says about how long a training of large images takes at most; small ones have ended before it is worth saying."""
    if network.input_shape[1] < _LARGE:
        return
    look_s = _seconds_an_image(network, dataset)
    recipe, train = request.recipe, len(dataset.train)
    first = look_s * (train * (1 + recipe.views) + len(dataset.validation)) if recipe.head_first else 0.0
    epoch = look_s * (train * _COSTS[recipe.fine_tune] + len(dataset.validation))
    parts = [*([f"{duration(first)} for the last layer"] if first else []),
             *([f"{recipe.epochs} epochs of {duration(epoch)}"] if recipe.epochs else [])]  # fmt: skip
    log.info("at most about %s: %s", duration(first + recipe.epochs * epoch), ", then ".join(parts))


def _seconds_an_image(network: Any, dataset: Dataset) -> float:
    count = min(_BATCH, len(dataset.train))
    images = dataset.train.read(np.arange(count)).astype(np.float32)
    network.predict_on_batch(images)  # compiles
    started = time.perf_counter()
    network.predict_on_batch(images)
    return (time.perf_counter() - started) / count
