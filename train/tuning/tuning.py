"""A search over trainings: proposes, trains, keeps, and writes down the best as a recipe."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from cnnkit.errors import DataError, UsageError
from cnnkit.spec import InputSpec
from cnnkit.system import log
from cnnkit.train.data import Dataset
from cnnkit.train.devices import prepare_devices
from cnnkit.train.recipes import TrainingRequest, fit_to_images, load_images
from cnnkit.train.runs import RunConfig, RunFolder, check_request, run_config
from cnnkit.train.tuning.files import shown_value, write_best, write_pictures, write_trials
from cnnkit.train.tuning.oracles import Objective, Searcher, SearchName
from cnnkit.train.tuning.space import Range, Space, Value
from cnnkit.train.tuning.trials import Score, Scorer, Trial, read_trial, run_trial, score_training

DEFAULT_TRIALS = 10


@dataclass(frozen=True)
class SearchOptions:
    """How a space is searched."""

    space: Space
    search: SearchName = "random"
    trials: int | None = None  # the most; None takes 10, all of a grid
    objective: Objective = "val_accuracy"
    folds: int | None = None  # scores are means of a cross-validation; None takes the validation images


@dataclass(frozen=True)
class Search:
    """A finished search."""

    folder: Path
    objective: Objective
    names: tuple[str, ...]  # of the varied fields
    trials: tuple[Trial, ...]
    best: Trial
    architecture: str  # of the best
    input_flags: Mapping[str, str] = field(default_factory=dict)  # of train, as far as they are not at their defaults


def run_search(request: TrainingRequest, options: SearchOptions, score: Scorer = score_training) -> Search:
    """Searches, trial by trial; test images are not looked at.

    Hyperband trains a trial that goes into another round from the beginning, for its larger number of epochs: so that
    every learning-rate schedule comes to its end.

    Args:
        request: What all trials have in common; its `out` is the folder of the search.
        options: What varies, and how it is searched.
        score: Trains and measures.

    Raises:
        UsageError: A space that the search cannot take, or a folder that must not be touched.
        DataError: Data that cannot be trained on, or not one trial that could be trained.
        OutputError: The folder cannot be written.
    """
    check_options(options)
    check_request(request)
    datasets = _Datasets()
    request = fit_to_images(request, len(datasets.of(request).train))
    folder = RunFolder(request.out)
    config = _config(request, datasets.of(request), options)
    folder.start(config, 0, resume=request.resume, overwrite=request.overwrite)
    if not request.resume and (request.out / "trials").is_dir():
        shutil.rmtree(request.out / "trials")
    devices = prepare_devices(request.devices, request.seed)

    def train(asked: TrainingRequest) -> Score:
        return score(asked, datasets.of(asked), devices, options.folds)

    trials: list[Trial] = []
    for values, epochs in _proposals(request, options, trials):
        trial = _next_trial(request, options, len(trials) + 1, (values, epochs), train)
        trials.append(trial)
        write_trials(folder.path / "trials.csv", options.space.names(), options.objective, trials)
    return _finish(request, options, trials)


def check_options(options: SearchOptions) -> None:
    """Refuses what an algorithm cannot search.

    Raises:
        UsageError: A grid over a range without steps, or Hyperband over epochs, which it sets itself.
    """
    endless = [entry.name for entry in options.space.varied if isinstance(entry, Range) and _is_endless(entry)]
    if options.search == "grid" and endless:
        raise UsageError(
            f"a grid cannot try every {endless[0]}: give it a list of values or a step, or search at random"
        )
    if options.search == "hyperband" and "epochs" in options.space.names():
        raise UsageError(
            "hyperband sets the epochs itself: give --epochs, the most of a trial, and take them out of the space"
        )
    if options.search == "hyperband" and options.trials is not None:
        raise UsageError("hyperband decides itself how many trials there are: leave --trials out, or change --epochs")


def _is_endless(entry: Range) -> bool:
    return entry.step is None and not entry.whole


def _proposals(
    base: TrainingRequest, options: SearchOptions, trials: Sequence[Trial]
) -> Iterator[tuple[dict[str, Value], int | None]]:
    """Gives values and epochs of trials, each after the one before it has been appended to `trials`."""
    limit = options.trials or (None if options.search in ("grid", "hyperband") else DEFAULT_TRIALS)
    epochs = base.recipe.epochs
    with TemporaryDirectory() as kept:
        searcher = Searcher(options.search, options.space, options.objective, limit, epochs, base.seed, Path(kept))
        while (proposed := searcher.propose()) is not None:
            yield proposed
            searcher.report(trials[-1].score)


def _next_trial(
    base: TrainingRequest,
    options: SearchOptions,
    number: int,
    proposed: tuple[dict[str, Value], int | None],
    train: Callable[[TrainingRequest], Score],
) -> Trial:
    """Runs a trial, or reads it where an earlier run of the search has finished it."""
    values, epochs = proposed
    out = base.out / "trials" / f"{number:03}"
    shown = ", ".join(f"{name} {shown_value(value)}" for name, value in values.items())
    finished = read_trial(out) if base.resume else None
    if finished is not None:
        if dict(finished.values) != values:
            raise UsageError(f"{out} was another trial than {shown}: start the search anew with --overwrite")
        log.info("trial %d is finished: %s", number, shown)
        return finished
    log.info("trial %d: %s", number, shown)
    asked = options.space.apply(base, {**values, **({"epochs": epochs} if epochs else {})})
    begun = base.resume and (out / "config.json").exists()  # of a cross-validation
    asked = dataclasses.replace(asked, out=out, resume=begun, overwrite=not begun)
    trial = run_trial(number, asked, values, options.objective, train)
    if trial.reason:
        log.warning("trial %d failed: %s", number, trial.reason)
    return trial


def _finish(base: TrainingRequest, options: SearchOptions, trials: Sequence[Trial]) -> Search:
    scored = [trial for trial in trials if trial.score is not None]
    if not scored:
        raise DataError(
            f"all {len(trials)} trials failed, the first: {trials[0].reason if trials else 'there was none'}"
        )
    sign = -1.0 if options.objective == "val_loss" else 1.0
    best = max(scored, key=lambda trial: sign * float(trial.score or 0.0))
    chosen = options.space.apply(base, {**best.values, "epochs": best.epochs})
    names, flags = options.space.names(), _input_flags(base)
    search = Search(base.out, options.objective, names, tuple(trials), best, chosen.architecture, flags)
    write_best(base.out / "best.toml", chosen, best, options.objective)
    write_pictures(base.out / "plots", search.names, options.objective, search.trials)
    return search


def _input_flags(request: TrainingRequest) -> dict[str, str]:
    said = {"size": request.size, "color": request.color, "resize": request.resize}
    plain = {"size": None, "color": "gray" if request.data == "digits" else "rgb", "resize": TrainingRequest.resize}
    return {name: str(value) for name, value in said.items() if value != plain[name]}


class _Datasets:
    """The images, loaded once for each size that architectures ask for."""

    def __init__(self) -> None:
        self._loaded: dict[InputSpec, Dataset] = {}

    def of(self, request: TrainingRequest) -> Dataset:
        spec = request.input_spec()
        if spec not in self._loaded:
            self._loaded[spec] = load_images(request)
        return self._loaded[spec]


def _config(base: TrainingRequest, dataset: Dataset, options: SearchOptions) -> RunConfig:
    described = {"search": options.search, "objective": options.objective, "space": dataclasses.asdict(options.space)}
    config = run_config(base, dataset.record(), dataset.classes())
    return dataclasses.replace(config, folds=options.folds, search=json.dumps(described))
