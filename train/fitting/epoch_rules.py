"""What follows from the epochs so far: which one is kept, when to stop, how far the learning rate has dropped.

Every rule is a function of the history alone, so that a resumed training decides as an uninterrupted one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnnkit.train.recipes import Recipe

Row = dict[str, float]
History = tuple[Row, ...]

_SCORES: dict[str, Callable[[Row], float]] = {
    "val_loss": lambda row: -row["val_loss"],
    "val_accuracy": lambda row: row["val_accuracy"],
    "last": lambda row: row["epoch"],
}


def best_epoch(history: Sequence[Row], checkpoint: str = "val_loss") -> Row:
    """Returns the row of the epoch to keep, the first of equals.

    Args:
        history: One row an epoch, at least one.
        checkpoint: The rule: val_loss (lowest), val_accuracy (highest) or last.
    """
    return max(history, key=_SCORES[checkpoint])


def finished_epochs(history: Sequence[Row]) -> int:
    """Returns how many epochs there were; the row of epoch 0, a last layer fitted by itself, is none."""
    return int(history[-1]["epoch"]) if history else 0


def should_stop(history: Sequence[Row], recipe: Recipe) -> bool:
    """Whether early stopping ends the training after these epochs."""
    if not recipe.early_stopping or not history:
        return False
    rule = "val_loss" if recipe.checkpoint == "last" else recipe.checkpoint
    best = list(history).index(best_epoch(history, rule))
    return len(history) - 1 - best >= recipe.early_stopping


def plateau_rate(history: Sequence[Row], recipe: Recipe) -> float:
    """Returns the learning rate of the next epoch under the schedule "plateau".

    It drops by `decay_factor` whenever `decay_every` epochs in a row have not lowered the validation loss.
    """
    rate, lowest, waited = recipe.learning_rate, float("inf"), 0
    for row in history:
        waited = 0 if row["val_loss"] < lowest else waited + 1
        lowest = min(lowest, row["val_loss"])
        if waited >= recipe.decay_every:
            rate, waited = rate * recipe.decay_factor, 0
    return rate
