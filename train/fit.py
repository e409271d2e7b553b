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
from cnnkit.train.epoch_rules import History, Row, best_epoch, plateau_rate, should_stop
from cnnkit.train.progress import EpochTimer, StepBar, describe_epoch
from cnnkit.train.recipe import Recipe
from cnnkit.train.trainer import Trainer

_FIGURES = {"loss": "loss", "accuracy": "accuracy", "val_loss": "val_plain_loss", "val_accuracy": "val_accuracy"}
_CHECK_EVERY = 16  # steps between two looks at the loss: each look waits for the device


@dataclass(frozen=True)
class EpochSink:
    """What is done with a finished epoch."""

    save_best: Callable[[Any], None]  # takes the keras.Model of the best epoch so far
    save_epoch: Callable[[Checkpoint], None]  # takes the state after every epoch


def fit(
    trainer: Trainer, dataset: Dataset, recipe: Recipe, seed: int, start: Checkpoint | None, sink: EpochSink
) -> History:
    """Trains until the recipe's last epoch, or until early stopping.

    Args:
        trainer: The network; its weights are changed.
        dataset: Images to train on, and to choose the epoch with.
        recipe: Epochs, batch size, and the rules of stopping and keeping.
        seed: Seeds the order of the images.
        start: Goes on after this checkpoint; None begins.
        sink: Where epochs go.

    Returns:
        One row an epoch: epoch (from 1), loss (with everything that is minimised), accuracy, val_loss (the plain
        cross-entropy in nats), val_accuracy, learning_rate, images_per_s.

    Raises:
        DataError: The loss is no number any more.
    """
    history = list(start.history) if start else []
    if start:
        trainer.restore(start.state)
    classes, first = len(dataset.labels), len(history)
    if first < recipe.epochs and not should_stop(history, recipe):
        trainer.model.fit(
            make_batches(dataset.train, classes, recipe.batch_size, seed=seed, epoch=first),
            validation_data=make_batches(dataset.validation, classes, max(recipe.batch_size, 256)),
            initial_epoch=first,
            epochs=recipe.epochs,
            verbose=0,
            shuffle=False,  # the batches are shuffled already, in an order that a resumed training repeats
            callbacks=[_make_recorder(trainer, dataset, recipe, history, sink)],
        )
    return tuple(history)


def _make_recorder(trainer: Trainer, dataset: Dataset, recipe: Recipe, history: list[Row], sink: EpochSink) -> Any:
    import keras

    steps = -(-len(dataset.train) // recipe.batch_size)
    timer, bar = EpochTimer(len(dataset.train), recipe.epochs), StepBar(steps)

    class Recorder(keras.callbacks.Callback):  # type: ignore[misc]
        """Measures, reports and keeps every epoch."""

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if recipe.schedule == "plateau":
                trainer.set_learning_rate(plateau_rate(history, recipe))
            timer.start_epoch()
            self._images_per_s = 0.0
            self._epoch = epoch + 1
            bar.start(f"epoch {self._epoch}/{recipe.epochs}")

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch % _CHECK_EVERY == 0 or batch == steps - 1:
                _check_loss((logs or {})["loss"], f"epoch {self._epoch}, step {batch + 1} of {steps}", _rate(trainer))
            bar.step(logs or {})

        def on_test_begin(self, logs: Any = None) -> None:
            self._images_per_s = timer.finish_training_part()
            trainer.swap_average()

        def on_test_end(self, logs: Any = None) -> None:
            trainer.swap_average()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            bar.stop()
            row = {name: float(logs[key]) for name, key in _FIGURES.items()}
            row = {"epoch": epoch + 1.0, **row, "learning_rate": _rate(trainer), "images_per_s": self._images_per_s}
            _keep_epoch(trainer, row, history, recipe, sink)
            timer.finish_epoch()
            log.info("%s", describe_epoch(row, recipe.epochs, timer.seconds_left(epoch + 1)))
            if should_stop(history, recipe):
                log.info("no better epoch in %d: stopped early", recipe.early_stopping)
                self.model.stop_training = True

        def on_train_end(self, logs: Any = None) -> None:
            bar.stop()

    return Recorder()


def _rate(trainer: Trainer) -> float:
    from keras import ops

    return float(ops.convert_to_numpy(trainer.model.optimizer.learning_rate))


def _check_loss(loss: Any, where: str, rate: float) -> None:
    if not math.isfinite(float(loss)):
        raise DataError(
            f"the loss is {float(loss)} by {where}, at learning rate {rate:.3g}: lower --learning-rate or set "
            "--clip-norm; the best epoch before it is kept"
        )


def _keep_epoch(trainer: Trainer, row: Row, history: list[Row], recipe: Recipe, sink: EpochSink) -> None:
    _check_loss(row["loss"], f"the end of epoch {row['epoch']:.0f}", row["learning_rate"])
    history.append(row)
    if best_epoch(history, recipe.checkpoint) is row:
        sink.save_best(trainer.update_network())
    sink.save_epoch(Checkpoint(tuple(history), trainer.state()))
