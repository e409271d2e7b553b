"""A search as it is printed."""

from __future__ import annotations

import dataclasses
import shlex

from cnnkit.report import NOTHING, percent, print_table, printable
from cnnkit.system import print_text
from cnnkit.train.recipes import Recipe
from cnnkit.train.tuning.files import shown_value
from cnnkit.train.tuning.trials import Trial
from cnnkit.train.tuning.tuning import Search


def settled_fields() -> frozenset[str]:
    """Returns the flags of a training that a search, its recipe and the command it prints settle."""
    return frozenset({"architecture", "recipe", "head_only", "size", "color", "resize", *_fields()})


def print_search(search: Search, training: str) -> None:
    """Prints all trials on stdout, the best first, and the command that trains with what was found.

    Args:
        search: What was searched.
        training: `cnnkit train` with data and options, but for those of `settled_fields`.
    """
    columns = (">trial", f">{search.objective}", *search.names, ">epochs", ">seconds", "error")
    sign = 1.0 if search.objective == "val_loss" else -1.0

    def place(trial: Trial) -> tuple[bool, float]:
        return trial.score is None, sign * (trial.score or 0.0)

    print_table(columns, [_row(trial, search) for trial in sorted(search.trials, key=place)])
    folder = printable(str(search.folder))
    print_text(f"\nwritten to {folder}; chosen on validation images, which flatters: measure it on others")
    flags = [word for name, value in search.input_flags.items() for word in (f"--{name}", value)]
    best = ["--arch", search.architecture, *flags, "--recipe", f"{search.folder}/best.toml"]
    print_text(f"next: {training} {shlex.join([*best, '--out', f'{search.folder}/best'])}")


def _fields() -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(Recipe))


def _row(trial: Trial, search: Search) -> tuple[str, ...]:
    score = NOTHING if trial.score is None else f"{trial.score:.4f}"
    if trial.score is not None and search.objective == "val_accuracy":
        score = percent(trial.score)
    values = (printable(shown_value(trial.values[name])) for name in search.names)
    return str(trial.number), score, *values, str(trial.epochs), f"{trial.seconds:.0f}", printable(trial.reason)
