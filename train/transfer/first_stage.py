"""The first stage of a transfer: the frozen base's features, each computed once, and the head fitted on them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.system import log
from cnnkit.train.data import Dataset
from cnnkit.train.fitting import Row
from cnnkit.train.progress import duration
from cnnkit.train.recipes import Recipe
from cnnkit.train.transfer.doubts import say_doubts
from cnnkit.train.transfer.feature_files import FeatureFiles
from cnnkit.train.transfer.features import compute_features, compute_view
from cnnkit.train.transfer.head import Head, fit_head, fit_independent_head
from cnnkit.train.transfer.parts import Parts


def run_first_stage(parts: Parts, dataset: Dataset, recipe: Recipe, seed: int, run: Path | None) -> Row:
    """Fits the head and puts it into the network.

    Args:
        parts: The network, taken apart.
        dataset: Its test images are not looked at.
        recipe: Augmentation, number of views, and weighting of classes.
        seed: Of the augmentation.
        run: The run folder, where features are kept until the head is fitted; None keeps none.

    Returns:
        The history row of epoch 0.

    Raises:
        DataError: A file cannot be read any more.
        OutputError: The features cannot be kept.
    """
    started, files, train = time.perf_counter(), FeatureFiles(run), dataset.train
    plain = files.get("train", lambda: compute_features(parts.features, train, "features"))
    computed = time.perf_counter() - started
    views = [
        files.get(
            f"view-{view}",
            lambda view=view: compute_view(parts.features, train, recipe, seed + view, f"view {view + 1}"),  # type: ignore[misc]
        )
        for view in range(_views(recipe))
    ]
    held_out = files.get("validation", lambda: compute_features(parts.features, dataset.validation, "validation"))
    if dataset.names:
        head = fit_independent_head(plain, views, dataset.wanted()[train.targets])
    else:
        head = fit_head(plain, views, train.targets, balanced=recipe.class_weights)
    parts.head.set_weights([head.kernel, head.bias])
    files.clear()
    row = _row(head, plain, held_out, dataset, len(train) / max(computed, 1e-9))
    log.info(
        "the last layer, fitted on the features of %s images and %d view%s of each (C %g, %s): accuracy %.1f %%, "
        "val_loss %.4f, val_accuracy %.1f %%", f"{len(train):,}", len(views), "s"[: len(views) != 1], head.strength,
        duration(time.perf_counter() - started), 100 * row["accuracy"], row["val_loss"], 100 * row["val_accuracy"],
    )  # fmt: skip
    if head.unseen is not None:
        say_doubts(head.unseen, dataset)
    return row


def _views(recipe: Recipe) -> int:
    from cnnkit.train.fitting import augmentation_layers

    return recipe.views if augmentation_layers(recipe, 0) else 0


def _row(
    head: Head, plain: NDArray[np.float32], held_out: NDArray[np.float32], dataset: Dataset, images_per_s: float
) -> Row:
    figures = _independent_figures if dataset.names else _figures
    wanted = dataset.wanted()
    loss, accuracy = figures(head.logits(plain), wanted[dataset.train.targets])
    val_loss, val_accuracy = figures(head.logits(held_out), wanted[dataset.validation.targets])
    return {
        "epoch": 0.0, "loss": loss, "accuracy": accuracy, "val_loss": val_loss, "val_accuracy": val_accuracy,
        "learning_rate": 0.0, "images_per_s": images_per_s,
    }  # fmt: skip


def _independent_figures(logits: NDArray[np.float32], wanted: NDArray[np.float32]) -> tuple[float, float]:
    """Returns the mean of the summed binary cross-entropies in nats, and the share of labels that are right."""
    losses = np.logaddexp(0, logits.astype(np.float64)) - wanted * logits
    return float(losses.sum(axis=1).mean()), float(((logits > 0) == (wanted > 0.5)).mean())


def _figures(logits: NDArray[np.float32], wanted: NDArray[np.float32]) -> tuple[float, float]:
    """Returns the mean cross-entropy in nats, and the accuracy as a fraction."""
    targets = wanted.argmax(axis=1)
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    right = logits.argmax(axis=1) == targets
    return float(-logs[np.arange(len(targets)), targets].mean()), float(right.mean())


def head_state(parts: Parts) -> dict[str, NDArray[Any]]:
    """Returns the head's weights as a checkpoint keeps them."""
    kernel, bias = parts.head.get_weights()
    return {"head_kernel": kernel, "head_bias": bias}


def restore_head(parts: Parts, state: dict[str, NDArray[Any]]) -> None:
    """Takes the head's weights back."""
    parts.head.set_weights([state["head_kernel"], state["head_bias"]])
