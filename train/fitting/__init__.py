"""Fitting a network: augmentation, objective, optimizers, epochs, checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.train.fitting.augmentation import (
        AUGMENTATIONS as AUGMENTATIONS,
        augment as augment,
        augmentation_layers as augmentation_layers,
    )
    from cnnkit.train.fitting.checkpoint import (
        CHECKPOINT_FILE as CHECKPOINT_FILE,
        Checkpoint as Checkpoint,
        load_checkpoint as load_checkpoint,
        save_checkpoint as save_checkpoint,
    )
    from cnnkit.train.fitting.epoch_rules import (
        History as History,
        Row as Row,
        best_epoch as best_epoch,
        finished_epochs as finished_epochs,
        should_stop as should_stop,
    )
    from cnnkit.train.fitting.learning import build_for as build_for, learn as learn
    from cnnkit.train.fitting.optimizers import kept_bytes as kept_bytes
    from cnnkit.train.fitting.recorder import EpochSink as EpochSink
    from cnnkit.train.fitting.teacher import Teacher as Teacher, model_file as model_file
    from cnnkit.train.fitting.tensorboard import EventFile as EventFile
else:
    __getattr__ = hand_on(
        __name__,
        {
            "augmentation": ("AUGMENTATIONS", "augment", "augmentation_layers"),
            "checkpoint": ("CHECKPOINT_FILE", "Checkpoint", "load_checkpoint", "save_checkpoint"),
            "epoch_rules": ("History", "Row", "best_epoch", "finished_epochs", "should_stop"),
            "learning": ("build_for", "learn"),
            "optimizers": ("kept_bytes",),
            "recorder": ("EpochSink",),
            "teacher": ("Teacher", "model_file"),
            "tensorboard": ("EventFile",),
        },
    )
