"""The training loop: Keras' own `fit`, with a row of history, a checkpoint and the best network after every epoch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cnnkit.errors import DataError
from cnnkit.messages import log
from cnnkit.train.batches import make_batches
from cnnkit.train.checkpoint import Checkpoint
from cnnkit.train.datasets import Dataset
from cnnkit.train.progress import EpochTimer, StepBar, describe_epoch
from cnnkit.train.recipe import Recipe
from cnnkit.train.trainer import Trainer

History = tuple[dict[str, float], ...]


@dataclass(frozen=True)
class EpochSink:
    """What is done with a finished epoch."""

    save_best: Callable[[Any], None]  # takes the keras.Model of the lowest validation loss so far
    save_epoch: Callable[[Checkpoint], None]  # takes the state after every epoch


def fit(
    trainer: Trainer, dataset: Dataset, recipe: Recipe, seed: int, start: Checkpoint | None, sink: EpochSink
) -> History:
    """Trains until the recipe's last epoch.

    Args:
        trainer: The network; its weights are changed.
        dataset: Images to train on, and to choose the epoch with.
        recipe: Epochs and batch size.
        seed: Seeds the order of the images.
        start: Goes on after this checkpoint; None begins.
        sink: Where epochs go.

    Returns:
        One row an epoch: epoch (from 1), loss, accuracy, val_loss, val_accuracy, learning_rate, images_per_s.

    Raises:
        DataError: The loss is no number any more.
    """
    history = list(start.history) if start else []
    if start:
        trainer.restore(start.state)
    classes, first = len(dataset.labels), len(history)
    recorder = _make_recorder(trainer, dataset, recipe, history, sink)
    if first < recipe.epochs:
        trainer.model.fit(
            make_batches(dataset.train, classes, recipe.batch_size, seed=seed, epoch=first),
            validation_data=make_batches(dataset.validation, classes, max(recipe.batch_size, 256)),
            initial_epoch=first,
            epochs=recipe.epochs,
            verbose=0,
            callbacks=[recorder],
        )
    return tuple(history)


def best_epoch(history: History | list[dict[str, float]]) -> dict[str, float]:
    """Returns the row with the lowest validation loss; the first of equals."""
    return min(history, key=lambda row: row["val_loss"])


def _make_recorder(
    trainer: Trainer, dataset: Dataset, recipe: Recipe, history: list[dict[str, float]], sink: EpochSink
) -> Any:
    import keras

    steps = -(-len(dataset.train) // recipe.batch_size)
    timer, bar = EpochTimer(len(dataset.train), recipe.epochs), StepBar(steps)

    class Recorder(keras.callbacks.Callback):  # type: ignore[misc]
        """Measures, reports and keeps every epoch."""

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            timer.start_epoch()
            self._images_per_s = 0.0
            bar.start(f"epoch {epoch + 1}/{recipe.epochs}")

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            bar.step(logs or {})

        def on_test_begin(self, logs: Any = None) -> None:
            self._images_per_s = timer.finish_training_part()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            bar.stop()
            figures = {name: float(logs[name]) for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
            rate = float(keras.ops.convert_to_numpy(trainer.model.optimizer.learning_rate))
            row = {"epoch": epoch + 1.0, **figures, "learning_rate": rate, "images_per_s": self._images_per_s}
            _keep_epoch(trainer, row, history, sink)
            timer.finish_epoch()
            log.info("%s", describe_epoch(row, recipe.epochs, timer.seconds_left(epoch + 1)))

        def on_train_end(self, logs: Any = None) -> None:
            bar.stop()

    return Recorder()


def _keep_epoch(trainer: Trainer, row: dict[str, float], history: list[dict[str, float]], sink: EpochSink) -> None:
    if not math.isfinite(row["loss"]):
        raise DataError(
            f"the loss is {row['loss']} after epoch {row['epoch']:.0f} at learning rate {row['learning_rate']:.3g}: "
            "lower --learning-rate; the best epoch before it is kept"
        )
    history.append(row)
    if best_epoch(history) is row:
        sink.save_best(trainer.update_network())
    sink.save_epoch(Checkpoint(tuple(history), trainer.state()))
