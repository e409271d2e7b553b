"""Trials of a search: one training, or one cross-validation, with one set of values."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnkit.errors import DataError, UsageError
from cnnkit.system import parse_json, read_regular, write_text
from cnnkit.train.crossval import cross_validate
from cnnkit.train.data import Dataset
from cnnkit.train.devices import Devices
from cnnkit.train.fitting import EpochSink, History, best_epoch, build_for
from cnnkit.train.recipes import TrainingRequest
from cnnkit.train.runs import RunFolder
from cnnkit.train.transfer import teach
from cnnkit.train.tuning.space import Value

_RESULT = "result.json"


@dataclass(frozen=True)
class Score:
    """What came of a training; the test images have no part in it."""

    figures: Mapping[str, float]  # val_accuracy (0 to 1) and val_loss (nats)
    history: History  # one row an epoch; empty for a cross-validation


@dataclass(frozen=True)
class Trial:
    """A finished trial."""

    number: int  # from 1
    values: Mapping[str, Value]  # of the varied fields
    epochs: int  # at most
    score: float | None  # the objective; None where the trial failed
    seconds: float
    reason: str  # why it failed, else empty
    history: History


Scorer = Callable[[TrainingRequest, Dataset, Devices, int | None], Score]


def score_training(request: TrainingRequest, dataset: Dataset, devices: Devices, folds: int | None) -> Score:
    """Trains once and looks at the validation images, or cross-validates.

    Args:
        request: The training; its `out` gets the history, and a cross-validation's run folders.
        dataset: Its test images are not looked at.
        devices: What it is trained on.
        folds: Of a cross-validation, whose means are the figures; None trains once.

    Raises:
        DataError: The loss is no number any more.
        UsageError: The network cannot be built for these images.
    """
    if folds is not None:
        result = cross_validate(request, dataset, devices, folds)
        return Score({"val_accuracy": result.mean_top1, "val_loss": result.mean_loss}, ())
    import keras

    keras.utils.set_random_seed(request.seed)  # a trial begins alike, whatever was trained before it
    with devices.scope():
        network = build_for(request, dataset)
    folder = RunFolder(request.out)
    sink = EpochSink(lambda _: None, lambda checkpoint: folder.save_history(checkpoint.history))
    history = teach(request, network, dataset, devices, sink)
    keras.backend.clear_session()
    best = best_epoch(history, request.recipe.checkpoint)
    return Score({name: best[name] for name in ("val_accuracy", "val_loss")}, history)


def run_trial(
    number: int,
    request: TrainingRequest,
    values: Mapping[str, Value],
    objective: str,
    score: Callable[[TrainingRequest], Score],
) -> Trial:
    """Runs a trial and writes its result; one that cannot be trained has failed, and the search goes on.

    Args:
        number: Of the trial.
        request: The training, the values applied; its `out` is the trial's folder.
        values: Of the varied fields.
        objective: The figure that counts.
        score: Trains.
    """
    request.out.mkdir(parents=True, exist_ok=True)
    started, reason, found = time.perf_counter(), "", Score({}, ())
    try:
        found = score(request)
    except (DataError, UsageError) as error:
        reason = str(error)
    trial = Trial(
        number=number,
        values=dict(values),
        epochs=request.recipe.epochs,
        score=found.figures.get(objective),
        seconds=round(time.perf_counter() - started, 3),
        reason=reason,
        history=found.history,
    )
    write_text(request.out / _RESULT, json.dumps(dataclasses.asdict(trial), indent=2) + "\n")
    return trial


def read_trial(folder: Path) -> Trial | None:
    """Reads a finished trial back; None where it is not finished.

    Raises:
        DataError: Its result is damaged.
    """
    path = folder / _RESULT
    if not path.is_file():
        return None
    try:
        fields: dict[str, Any] = parse_json(read_regular(path))
        return Trial(**{**fields, "history": tuple(fields["history"])})
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged ({error!r}): remove it, and the trial is done again") from error
