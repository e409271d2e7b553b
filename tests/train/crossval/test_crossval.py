"""Cross-validation: folds that share nothing, figures by hand, files, and going on after an interruption."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnkit.errors import DataError, UsageError
from cnnkit.train.crossval import crossval
from cnnkit.train.crossval.crossval import run_crossval
from cnnkit.train.crossval.fold_figures import CrossValidation, FoldFigures
from cnnkit.train.crossval.folds import make_folds
from cnnkit.train.data.dataset import Dataset, Split
from cnnkit.train.data.leaks import check_apart
from cnnkit.train.recipes.options import make_request
from cnnkit.train.recipes.request import TrainingRequest, load_images

SHORT = {"epochs": 1, "max_images": 150, "size": 8, "deterministic": True}


def images(count: int, *, apart: bool = False) -> Dataset:
    pixels = np.random.default_rng(0).integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    targets = np.arange(count) % 3
    whole = Split.of(pixels, targets)
    rows = np.arange(count)
    other = Split.of(255 - pixels[::10], targets[::10])
    validation = other if apart else whole.take(rows[::10])
    train = whole if apart else whole.take(np.delete(rows, rows[::10]))
    return Dataset("drawn", ("a", "b", "c"), train, validation, Split.of(pixels // 2, targets))


@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.parametrize("apart", [False, True], ids=["validation cut out", "validation given"])
def test_folds_test_on_every_image_once_and_share_none(count: int, apart: bool) -> None:
    dataset = images(90, apart=apart)
    tested = []
    for fold in make_folds(dataset, count, 0.2, seed=3):
        check_apart(fold)
        assert fold.test is not None and fold.test.store is dataset.train.store
        assert np.bincount(fold.test.targets).tolist() == [len(fold.test) // 3] * 3  # stratified
        assert (fold.validation is dataset.validation) is apart
        tested.extend(fold.test.rows.tolist())
    assert sorted(tested) == list(range(90))


def test_the_same_seed_gives_the_same_folds() -> None:
    rows = [[fold.train.rows.tolist() for fold in make_folds(images(60), 3, 0.2, seed)] for seed in (1, 1, 2)]
    assert rows[0] == rows[1] != rows[2]


def test_a_class_with_fewer_images_than_folds_is_named() -> None:
    dataset = images(9)
    with pytest.raises(DataError, match="class 'a' has 3 images, expected at least one for each of 4 folds"):
        list(make_folds(dataset, 4, 0.2, seed=0))


def test_mean_and_deviation_by_hand() -> None:
    folds = tuple(
        FoldFigures(n + 1, 100, top1, 0, 1, loss, 1) for n, (top1, loss) in enumerate([(0.7, 1.0), (0.9, 2.0)])
    )
    result = CrossValidation(Path("folder"), folds)
    assert (result.mean_top1, result.mean_loss) == pytest.approx((0.8, 1.5))
    assert (result.deviation_top1, result.deviation_loss) == pytest.approx((0.1 * 2**0.5, 0.5 * 2**0.5))


@pytest.fixture
def request_for(tmp_path: Path) -> Callable[..., TrainingRequest]:
    return lambda **flags: make_request("digits", tmp_path / "cv", {**SHORT, **flags})


def test_a_cross_validation_fills_its_folder_and_leaves_the_test_images_alone(
    request_for: Callable[..., TrainingRequest], tmp_path: Path
) -> None:
    request = request_for()
    result = run_crossval(request, 3)
    folder = tmp_path / "cv"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["top1"]["mean"] == pytest.approx(np.mean([fold.top1 for fold in result.folds]))
    dataset = load_images(request)
    assert metrics["images"] == len(dataset.train) + len(dataset.validation)
    with (folder / "folds.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["top1"]) for row in rows] == [fold.top1 for fold in result.folds]
    assert (folder / "plots" / "curves.png").stat().st_size > 10_000
    assert len({(folder / f"fold-{number}" / "model.keras").read_bytes() for number in (1, 2, 3)}) == 3


def test_finished_folds_are_kept_and_the_others_done(
    request_for: Callable[..., TrainingRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_crossval(request_for(out=None), 2)
    trained: list[Path] = []
    train = crossval.train_in_folder

    def stop_in_the_second(asked: TrainingRequest, *rest: Any) -> Any:
        trained.append(asked.out)
        if len(trained) == 2:
            raise KeyboardInterrupt
        return train(asked, *rest)

    monkeypatch.setattr(crossval, "train_in_folder", stop_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        run_crossval(dataclasses.replace(request_for(), overwrite=True), 2)
    resumed = run_crossval(dataclasses.replace(request_for(), resume=True), 2)
    assert [path.name for path in trained] == ["fold-1", "fold-2", "fold-2"]
    assert resumed == whole


def test_another_number_of_folds_cannot_be_resumed(request_for: Callable[..., TrainingRequest]) -> None:
    run_crossval(request_for(), 2)
    with pytest.raises(UsageError, match="folds was 2 and is 3"):
        run_crossval(dataclasses.replace(request_for(), resume=True), 3)
    with pytest.raises(UsageError, match="holds a run already"):
        run_crossval(request_for(), 2)


def test_folds_are_not_lengthened(request_for: Callable[..., TrainingRequest]) -> None:
    short = request_for(epochs=1, schedule="constant")
    whole = run_crossval(short, 2)
    with pytest.raises(UsageError, match="epochs was 1 and is 2; use the old ones"):
        run_crossval(request_for(epochs=2, schedule="constant", resume=True), 2)
    assert run_crossval(dataclasses.replace(short, resume=True), 2) == whole
