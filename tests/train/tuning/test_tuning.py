"""Searches with an injected scorer: what they propose, keep, survive and go on with."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cnnkit.errors import DataError, UsageError
from cnnkit.train.data.dataset import Dataset
from cnnkit.train.recipes.options import make_request
from cnnkit.train.recipes.recipe import load_recipe
from cnnkit.train.recipes.request import TrainingRequest
from cnnkit.train.tuning.space import Choices, Range, Space
from cnnkit.train.tuning.trials import Score
from cnnkit.train.tuning.tuning import SearchOptions, run_search

RATES = (1e-4, 1e-3, 1e-2)
SPACE = Space((Choices("learning_rate", RATES), Choices("flip", (False, True))), {})
MIXED = Space((Range("learning_rate", 1e-4, 1e-1, log=True), Range("batch_size", 8, 64)), {})


class Landscape:
    """Scores without training: best at a learning rate of 1e-3 with flips; the more epochs the better."""

    def __init__(self, broken: Callable[[int], bool] = lambda _: False) -> None:
        self.asked: list[TrainingRequest] = []
        self._broken = broken

    def __call__(self, request: TrainingRequest, dataset: Dataset, devices: Any, folds: int | None) -> Score:
        self.asked.append(request)
        if self._broken(len(self.asked)):
            raise DataError("the loss is nan")
        recipe = request.recipe
        accuracy = 0.5 + 0.1 * (recipe.learning_rate == 1e-3) + 0.01 * recipe.flip + 0.001 * recipe.epochs
        accuracies = (accuracy / 2, accuracy)
        rows = [
            {"epoch": epoch, "val_accuracy": each, "val_loss": 1 - each}
            for epoch, each in enumerate(accuracies, start=1)
        ]
        return Score({"val_accuracy": accuracy, "val_loss": 1 - accuracy}, tuple(rows))


@pytest.fixture
def request_for(tmp_path: Path) -> Callable[..., TrainingRequest]:
    common = {"max_images": 60, "size": 8, "epochs": 9}
    return lambda **flags: make_request("digits", tmp_path / "tune", {**common, **flags})


@pytest.mark.parametrize("objective", ["val_accuracy", "val_loss"])
def test_a_grid_tries_everything_once_and_the_best_becomes_a_recipe(
    request_for: Callable[..., TrainingRequest], tmp_path: Path, objective: Any
) -> None:
    landscape = Landscape()
    search = run_search(request_for(), SearchOptions(SPACE, "grid", objective=objective), landscape)
    tried = {(asked.recipe.learning_rate, asked.recipe.flip) for asked in landscape.asked}
    assert tried == {(rate, flip) for rate in RATES for flip in (False, True)} and len(landscape.asked) == 6
    assert search.best.values == {"learning_rate": 1e-3, "flip": True}
    best = load_recipe(str(tmp_path / "tune" / "best.toml"))
    assert (best.learning_rate, best.flip, best.epochs) == (1e-3, True, 9)
    with (tmp_path / "tune" / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["trial"] for row in rows] == ["1", "2", "3", "4", "5", "6"] and float(rows[0][objective]) > 0
    assert {path.name for path in (tmp_path / "tune" / "plots").iterdir()} == {"trials.png", "curves.png"}


@pytest.mark.parametrize("kind", ["random", "bayesian"])
def test_numbers_stay_between_their_ends(request_for: Callable[..., TrainingRequest], kind: Any) -> None:
    landscape = Landscape()
    run_search(request_for(), SearchOptions(MIXED, kind, trials=8), landscape)
    assert len({asked.recipe.learning_rate for asked in landscape.asked}) == 8
    for asked in landscape.asked:
        assert 1e-4 <= asked.recipe.learning_rate <= 1e-1
        assert isinstance(asked.recipe.batch_size, int) and 8 <= asked.recipe.batch_size <= 64


def test_hyperband_trains_the_better_ones_longer(request_for: Callable[..., TrainingRequest]) -> None:
    landscape = Landscape()
    space = Space((Range("weight_decay", 1e-4, 1e-1), SPACE.varied[0]), {})
    run_search(request_for(), SearchOptions(space, "hyperband"), landscape)
    epochs = [asked.recipe.epochs for asked in landscape.asked]
    assert set(epochs) == {1, 3, 9} and epochs.count(1) > epochs.count(9)


def test_the_same_seed_proposes_the_same(request_for: Callable[..., TrainingRequest]) -> None:
    tried = []
    for seed in (4, 4, 5):
        landscape = Landscape()
        run_search(request_for(seed=seed, overwrite=True), SearchOptions(MIXED, trials=3), landscape)
        tried.append([asked.recipe for asked in landscape.asked])
    assert tried[0] == tried[1] != tried[2]


@pytest.mark.parametrize("kind", ["random", "grid", "bayesian", "hyperband"])
def test_an_interrupted_search_goes_on_as_if_it_had_not_been(
    request_for: Callable[..., TrainingRequest], kind: Any
) -> None:
    options = SearchOptions(SPACE if kind == "grid" else MIXED, kind, trials=None if kind == "hyperband" else 6)
    whole = run_search(request_for(), options, Landscape())

    def interrupt(number: int) -> bool:
        if number == 4:
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        run_search(request_for(overwrite=True), options, Landscape(interrupt))
    landscape = Landscape()
    resumed = run_search(request_for(resume=True), options, landscape)
    assert len(landscape.asked) == len(whole.trials) - 3
    assert [trial.values for trial in resumed.trials] == [trial.values for trial in whole.trials]


def test_a_failed_trial_is_kept_and_the_search_goes_on(
    request_for: Callable[..., TrainingRequest], tmp_path: Path
) -> None:
    search = run_search(request_for(), SearchOptions(SPACE, "grid"), Landscape(lambda number: number in (1, 2, 3, 5)))
    assert [trial.reason for trial in search.trials].count("the loss is nan") == 4
    assert (tmp_path / "tune" / "trials.csv").read_text().count("the loss is nan") == 4
    with pytest.raises(DataError, match="all 6 trials failed, the first: the loss is nan"):
        run_search(request_for(overwrite=True), SearchOptions(SPACE, "grid"), Landscape(lambda _: True))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(SearchOptions(MIXED, "grid"), "a grid cannot try every learning_rate", id="endless grid"),
        pytest.param(
            SearchOptions(Space((Choices("epochs", (1, 2)),), {}), "hyperband"), "sets the epochs itself", id="epochs"
        ),
        pytest.param(SearchOptions(MIXED, "hyperband", trials=3), "leave --trials out", id="trials"),
    ],
)
def test_what_an_algorithm_cannot_search(
    request_for: Callable[..., TrainingRequest], options: SearchOptions, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        run_search(request_for(), options, Landscape())


def test_a_search_over_another_space_is_not_resumed(request_for: Callable[..., TrainingRequest]) -> None:
    run_search(request_for(), SearchOptions(SPACE, "grid"), Landscape())
    with pytest.raises(UsageError, match="cannot be resumed with other options: search was"):
        run_search(request_for(resume=True), SearchOptions(MIXED, trials=3), Landscape())


def test_a_grid_takes_every_step(request_for: Callable[..., TrainingRequest]) -> None:
    landscape = Landscape()
    run_search(request_for(), SearchOptions(Space((Range("mixup", 0.0, 0.3, step=0.1),), {}), "grid"), landscape)
    assert sorted(asked.recipe.mixup for asked in landscape.asked) == [0.0, 0.1, 0.2, 0.3]
