"""The training loop: Keras' own `fit`, followed by a recorder."""

from __future__ import annotations

from typing import Any

from cnnkit.errors import UsageError
from cnnkit.train.data import Dataset, inference_batch, make_batches, reading_failures
from cnnkit.train.fitting.checkpoint import Checkpoint
from cnnkit.train.fitting.epoch_rules import History, finished_epochs, should_stop
from cnnkit.train.fitting.recorder import EpochSink, Recorder
from cnnkit.train.fitting.statistics import FEW_STEPS, BatchStatistics
from cnnkit.train.fitting.trainer import Trainer
from cnnkit.train.recipes import Recipe


def fit(
    trainer: Trainer, dataset: Dataset, recipe: Recipe, seed: int, start: Checkpoint | None, sink: EpochSink
) -> History:
    """Trains until the recipe's last epoch, or until early stopping.

    Args:
        trainer: The network; its weights are changed.
        dataset: Images to train on, and to choose the epoch with.
        recipe: Epochs, batch size, and the rules of stopping and keeping.
        seed: Seeds the order of the images.
        start: Goes on after this checkpoint; None begins. Before the first epoch it holds no state of the trainer.
        sink: Where epochs go.

    Returns:
        One row an epoch: epoch (from 1), loss (with everything that is minimised), plain_loss (of it the cross-entropy
        alone, in nats), accuracy, val_loss (the cross-entropy of the validation images), val_accuracy, learning_rate
        (of the last step), images_per_s.

    Raises:
        DataError: The loss is no number any more, or a file of the dataset cannot be read any more.
        UsageError: The batch size is no multiple of the devices.
    """
    copies = trainer.devices.copies
    if recipe.batch_size % copies:
        raise UsageError(f"batch_size is {recipe.batch_size}, expected a multiple of the {copies} devices sharing it")
    history = list(start.history) if start else []
    first = finished_epochs(history)
    if start and first:
        trainer.restore(start.state)
    if first < recipe.epochs and not should_stop(history, recipe):
        used = trainer.devices.used_images(len(dataset.train))
        train = _training(trainer, dataset, recipe.batch_size, seed, first)
        validation = _validation(trainer, dataset)
        statistics = _statistics(trainer, dataset, recipe.batch_size) if used <= FEW_STEPS * recipe.batch_size else None
        with reading_failures(train, validation):
            trainer.model.fit(
                train,
                validation_data=validation,
                initial_epoch=first,
                epochs=recipe.epochs,
                verbose=0,
                shuffle=False,  # the batches are shuffled already, in an order that a resumed training repeats
                callbacks=Recorder(trainer, recipe, used, history, sink, statistics).callbacks(train.last_steps),
            )
    return tuple(history)


def _training(trainer: Trainer, dataset: Dataset, batch_size: int, seed: int, first: int) -> Any:
    """Returns the batches of the training images from the epoch after the `first` ones on."""
    return make_batches(
        dataset.train,
        dataset.wanted(),
        batch_size,
        seed=seed,
        epoch=first,
        used=trainer.devices.used_images(len(dataset.train)),
        device_bytes=trainer.devices.image_bytes,
        grouped=True,
    )


def _statistics(trainer: Trainer, dataset: Dataset, batch_size: int) -> BatchStatistics | None:
    """Returns what measures batch statistics anew, on one device; several share every batch."""
    return BatchStatistics(trainer.copy, dataset.train, batch_size) if trainer.devices.copies == 1 else None


def _validation(trainer: Trainer, dataset: Dataset) -> Any:
    """Returns the batches of the validation images, of which each device gets as many as the others."""
    height, width, _ = trainer.network.input_shape[1:]
    copies, held_out = trainer.devices.copies, len(dataset.validation)
    return make_batches(
        dataset.validation,
        dataset.wanted(),
        inference_batch(height, width, copies),
        used=held_out - held_out % copies,
        device_bytes=trainer.devices.image_bytes,
    )
