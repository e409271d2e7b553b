"""KerasTuner's search algorithms: what to try next, given what came of the trials so far."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from cnnkit.train.tuning.space import Choices, Range, Space, Value

SearchName = Literal["random", "grid", "hyperband", "bayesian"]
Objective = Literal["val_accuracy", "val_loss"]

_EPOCHS = "tuner/epochs"  # what Hyperband sets for a trial
_FACTOR = 3  # Hyperband: the best third of a round is trained this much longer


class Searcher:
    """Gives trials one by one. What it gives depends on the seed and on the results so far, and on nothing else.

    Args:
        search: The algorithm. Hyperband: Li et al., arXiv:1603.06560; Bayesian: a Gaussian process with an upper
            confidence bound.
        space: What varies.
        objective: What is made best; the loss is made small.
        trials: The most trials; None for all of a grid, and for Hyperband, which knows itself.
        epochs: The most epochs of a trial, for Hyperband.
        seed: Of the search.
        folder: KerasTuner insists on writing down its state; it is not read again.
    """

    def __init__(
        self,
        search: SearchName,
        space: Space,
        objective: Objective,
        trials: int | None,
        epochs: int,
        seed: int,
        folder: Path,
    ) -> None:
        import keras_tuner

        direction = "min" if objective == "val_loss" else "max"
        common: dict[str, Any] = {
            "objective": keras_tuner.Objective(objective, direction),
            "hyperparameters": _hyperparameters(space),
            "seed": seed + 1,  # it takes 0 for none
            "max_consecutive_failed_trials": 1_000_000,
        }
        oracles = keras_tuner.oracles
        match search:
            case "random":
                self._oracle = oracles.RandomSearchOracle(max_trials=trials, **common)
            case "grid":
                self._oracle = oracles.GridSearchOracle(max_trials=trials, **common)
            case "bayesian":
                self._oracle = oracles.BayesianOptimizationOracle(max_trials=trials, **common)
            case "hyperband":
                self._oracle = oracles.HyperbandOracle(max_epochs=epochs, factor=_FACTOR, **common)
        self._objective = objective
        self._varied = space.varied
        self._oracle.verbose = 0
        self._oracle._set_project_dir(str(folder), "oracle")

    def propose(self) -> tuple[dict[str, Value], int | None] | None:
        """Returns the values of the next trial and, from Hyperband, its epochs; None where the search has ended."""
        with warnings.catch_warnings():
            # The Gaussian process says so of its own scales wherever a field turns out not to matter.
            warnings.filterwarnings("ignore", message="The optimal value found for dimension")
            self._trial = self._oracle.create_trial("cnnkit")
        if self._trial.status != "RUNNING":
            return None
        chosen: Mapping[str, Any] = self._trial.hyperparameters.values
        return {entry.name: _own_value(entry, chosen[entry.name]) for entry in self._varied}, chosen.get(_EPOCHS)

    def report(self, score: float | None) -> None:
        """Takes the result of the trial that was proposed last; None where it failed."""
        if score is None:
            self._trial.status = "FAILED"
        else:
            self._oracle.update_trial(self._trial.trial_id, {self._objective: score})
            self._trial.status = "COMPLETED"
        self._oracle.end_trial(self._trial)


def _own_value(entry: Choices | Range, value: Any) -> Value:
    """Returns a value as the space has it: KerasTuner makes numbers of what is true or false."""
    if isinstance(entry, Choices):
        return next(own for own in entry.values if own == value)
    return int(value) if entry.whole else float(value)


def _hyperparameters(space: Space) -> Any:
    import keras_tuner

    made = keras_tuner.HyperParameters()
    for entry in space.varied:
        if isinstance(entry, Choices):
            made.Choice(entry.name, list(entry.values), ordered=False if isinstance(entry.values[0], str) else None)
        else:
            _add_range(made, entry)
    return made


def _add_range(made: Any, entry: Range) -> None:
    sampling = "log" if entry.log else "linear"
    if entry.step is not None:
        made.Choice(entry.name, list(entry.steps()))  # its own steps may miss the high end
    elif entry.whole:
        made.Int(entry.name, int(entry.low), int(entry.high), sampling=sampling)
    else:
        made.Float(entry.name, entry.low, entry.high, sampling=sampling)
