"""Cross-validation: a training a fold, each in a run folder of its own, and what they amount to together."""

from __future__ import annotations

import dataclasses
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnkit.system import log
from cnnkit.train.crossval.files import draw_fold_curves, write_folds, write_summary
from cnnkit.train.crossval.fold_figures import CrossValidation, FoldFigures
from cnnkit.train.crossval.folds import make_folds
from cnnkit.train.data import Dataset
from cnnkit.train.devices import Devices, prepare_devices
from cnnkit.train.fitting import History
from cnnkit.train.recipes import TrainingRequest, fit_to_images, load_images
from cnnkit.train.runs import RunFolder, check_request, run_config, train_in_folder


@dataclass(frozen=True)
class _FinishedFold:
    """A fold after its training."""

    figures: FoldFigures
    history: History


def run_crossval(request: TrainingRequest, folds: int) -> CrossValidation:
    """Cross-validates a training; what a dataset has to test with is not looked at.

    Args:
        request: The training; its `out` is the folder of the cross-validation.
        folds: How many.

    Raises:
        UsageError: Unknown architecture, or a folder that must not be touched.
        DataError: Data that cannot be trained on or divided.
        OutputError: The folder cannot be written.
    """
    check_request(request)
    dataset = load_images(request)
    request = fit_to_images(request, len(dataset.train))
    return cross_validate(request, dataset, prepare_devices(request.devices, request.seed), folds)


def cross_validate(request: TrainingRequest, dataset: Dataset, devices: Devices, folds: int) -> CrossValidation:
    """Cross-validates a training on a dataset that is loaded already; see `run_crossval`."""
    folder = RunFolder(request.out)
    config = dataclasses.replace(run_config(request, dataset.record(), dataset.classes()), folds=folds)
    folder.start(config, 0, resume=request.resume, overwrite=request.overwrite)
    if not request.resume:
        _clear(request.out)
    done: list[_FinishedFold] = []
    for number, fold in enumerate(make_folds(dataset, folds, request.validation, request.seed), start=1):
        done.append(_run_fold(request, fold, devices, number, folds))
        write_folds(folder.path / "folds.csv", [entry.figures for entry in done])
    result = CrossValidation(request.out, tuple(entry.figures for entry in done))
    write_summary(folder, result)
    draw_fold_curves([entry.history for entry in done], result, folder.plots / "curves.png")
    return result


def _run_fold(request: TrainingRequest, fold: Dataset, devices: Devices, number: int, folds: int) -> _FinishedFold:
    import keras

    out = request.out / f"fold-{number}"
    begun = request.resume and (out / "config.json").exists()
    asked = dataclasses.replace(request, out=out, seed=request.seed + number - 1, resume=begun, overwrite=not begun)
    finished = RunFolder(out).read_finished(run_config(asked, fold.record(), fold.classes())) if begun else None
    if finished is not None:
        metrics, history = finished
        log.info("fold %d of %d is finished", number, folds)
    else:
        log.info("fold %d of %d", number, folds)
        keras.utils.set_random_seed(asked.seed)  # a fold begins alike, whether those before it were trained just now
        outcome = train_in_folder(asked, fold, devices)
        metrics, history = outcome.metrics, outcome.history
        keras.backend.clear_session()
    return _FinishedFold(_figures(number, metrics), history)


def _figures(number: int, metrics: dict[str, Any]) -> FoldFigures:
    values = {name: metrics[name] for name in ("images", "top1", "low", "high", "loss", "epoch")}
    return FoldFigures(number, **values)


def _clear(folder: Path) -> None:
    """Removes the folds of a cross-validation that is replaced."""
    for old in folder.glob("fold-*"):
        if (old / "config.json").exists():
            shutil.rmtree(old)
