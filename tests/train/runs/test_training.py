from __future__ import annotations

import csv
import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest

from cnnkit.errors import DataError, UsageError
from cnnkit.spec import read_spec
from cnnkit.train.devices import DeviceOptions
from cnnkit.train.fitting.checkpoint import load_checkpoint
from cnnkit.train.fitting.recorder import EpochSink, Recorder
from cnnkit.train.recipes.options import make_request
from cnnkit.train.recipes.recipe import Recipe
from cnnkit.train.recipes.request import TrainingRequest
from cnnkit.train.runs import training
from cnnkit.train.runs.training import run_training

RECIPE = Recipe(name="quick", epochs=2, batch_size=16, learning_rate=3e-3, flip=True, translate=0.1)


def request(data: Path, out: Path, **changes: object) -> TrainingRequest:
    wanted = TrainingRequest(str(data), "conv2", RECIPE, out, size=16, devices=DeviceOptions(deterministic=True))
    return dataclasses.replace(wanted, **changes)  # type: ignore[arg-type]


def weights(out: Path) -> list[np.ndarray]:
    import keras

    return keras.saving.load_model(out / "model.keras").get_weights()


def test_a_run_folder_is_complete_and_tells_one_story(colour_folder: Path, tmp_path: Path) -> None:
    outcome = run_training(request(colour_folder, tmp_path / "run"))
    run = tmp_path / "run"
    names = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    assert names == {
        "model.keras", "spec.json", "config.json", "history.csv", "metrics.json", "checkpoint.npz", "plots/curves.png",
        "plots/classes.png", "plots/samples.png",
    }  # fmt: skip
    assert outcome.metrics["top1"] > 0.9
    assert json.loads((run / "metrics.json").read_text()) == outcome.metrics
    rows = list(csv.DictReader((run / "history.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    spec = read_spec((run / "spec.json").read_text())
    assert spec.labels == ("blue", "green", "red")
    assert len(spec.golden) == 6  # all validation images there are
    assert spec.provenance is not None and spec.provenance.dataset is not None
    assert spec.provenance.dataset.name == "colours"
    assert str(tmp_path) not in (run / "spec.json").read_text() + (run / "config.json").read_text()


def test_the_golden_answers_are_those_of_the_saved_model(colour_folder: Path, tmp_path: Path) -> None:
    import cv2
    import keras

    run_training(request(colour_folder, tmp_path / "run"))
    model = keras.saving.load_model(tmp_path / "run" / "model.keras")
    for golden in read_spec((tmp_path / "run" / "spec.json").read_text()).golden:
        pixels = cv2.imdecode(np.frombuffer(golden.png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        answer = np.asarray(model(pixels[None].astype(np.float32)))[0]
        np.testing.assert_allclose(answer, golden.probabilities, atol=1e-5)


def test_an_interrupted_training_ends_as_an_uninterrupted_one_when_it_is_resumed(
    colour_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_training(request(colour_folder, tmp_path / "whole"))
    keep = Recorder._keep

    def interrupt(recorder: Recorder, row: dict[str, float]) -> None:
        keep(recorder, row)
        raise KeyboardInterrupt

    monkeypatch.setattr(Recorder, "_keep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_training(request(colour_folder, tmp_path / "parts"))
    monkeypatch.setattr(Recorder, "_keep", keep)
    outcome = run_training(request(colour_folder, tmp_path / "parts", resume=True))
    assert [row["epoch"] for row in outcome.history] == [1, 2]
    for whole, parts in zip(weights(tmp_path / "whole"), weights(tmp_path / "parts"), strict=True):
        np.testing.assert_allclose(parts, whole, atol=1e-6)


def test_a_run_without_a_finished_epoch_begins_with_what_is_odd_about_its_images(
    colour_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "warn_of_data", lambda dataset, *_, **__: told.append(dataset.name))
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(training, "draw_samples", interrupt)
        run_training(request(colour_folder, tmp_path / "run"))
    for _ in range(2):
        run_training(request(colour_folder, tmp_path / "run", resume=True))
    assert told == [colour_folder.name]
    assert (tmp_path / "run" / "plots" / "samples.png").is_file()


def test_a_finished_run_is_neither_overwritten_nor_resumed_with_other_options(
    colour_folder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run_training(request(colour_folder, run))
    before = (run / "model.keras").read_bytes()
    with pytest.raises(UsageError, match="holds a run already"):
        run_training(request(colour_folder, run))
    with pytest.raises(UsageError, match=r"seed was 0 and is 5, learning_rate was 0.003 and is 0.1"):
        changed = dataclasses.replace(RECIPE, learning_rate=0.1)
        run_training(request(colour_folder, run, resume=True, seed=5, recipe=changed))
    assert (run / "model.keras").read_bytes() == before


def test_a_loss_that_is_no_number_stops_and_says_where(colour_folder: Path, tmp_path: Path) -> None:
    hot = dataclasses.replace(RECIPE, optimizer="sgd", learning_rate=100.0, momentum=0.99, epochs=9)
    with pytest.raises(
        DataError, match=r"the loss is nan from epoch \d, step \d+ of \d+ on, at learning rate 100: lower"
    ):
        run_training(request(colour_folder, tmp_path / "run", recipe=hot))


@pytest.mark.parametrize("first", [0, 1, 5, 15, 16, 19])
def test_the_step_that_a_loss_ends_with_is_found_exactly(first: int) -> None:
    recipe, steps, images = dataclasses.replace(RECIPE, batch_size=8), 20, 157
    recorder = Recorder(None, recipe, images, [], EpochSink(print, print))  # type: ignore[arg-type]
    finite = np.zeros(images, np.float32)
    finite[: first * 8 + 3] = 1  # some images of the step that spoils the weights are well
    with pytest.raises(DataError, match=rf"from epoch 1, step {first + 1} of 20 on, at learning rate 0.003"):
        for step in range(steps):
            seen = finite[: (step + 1) * 8]
            recorder.end_step(step, {"loss": 1.0 if seen.all() else math.nan, "finite": seen.mean()})


@pytest.mark.parametrize("first", [0, 5, 8, 17, 19])
def test_the_step_is_found_where_several_steps_are_made_at_once(first: int) -> None:
    recipe, images = dataclasses.replace(RECIPE, batch_size=8), 157
    recorder = Recorder(None, recipe, images, [], EpochSink(print, print))  # type: ignore[arg-type]
    finite = np.arange(images) < first * 8 + 3
    with pytest.raises(DataError, match=rf"from epoch 1, step {first + 1} of 20 on"):
        for step in (8, 17, 18, 19):
            seen = finite[: (step + 1) * 8]
            recorder.end_step(step, {"loss": 1.0 if seen.all() else math.nan, "finite": seen.mean()})


def test_a_loss_that_is_no_number_costs_no_finished_epoch(
    colour_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_step = Recorder.end_step

    def spoil(recorder: Recorder, step: int, figures: dict[str, float]) -> None:
        lost = {"loss": float("nan"), "finite": 0.0}
        end_step(recorder, step, {**figures, **lost} if recorder._history else figures)

    run = tmp_path / "run"
    with monkeypatch.context() as patched:
        patched.setattr(Recorder, "end_step", spoil)
        with pytest.raises(DataError, match=r"the loss is nan from epoch 2, step 1 of \d+ on, at learning rate 0.003"):
            run_training(request(colour_folder, run))
    checkpoint = load_checkpoint(run)
    assert checkpoint is not None and [row["epoch"] for row in checkpoint.history] == [1]
    assert weights(run)
    assert [row["epoch"] for row in run_training(request(colour_folder, run, resume=True)).history] == [1, 2]


def test_a_damaged_checkpoint_is_named(colour_folder: Path, tmp_path: Path) -> None:
    run_training(request(colour_folder, tmp_path / "run"))
    (tmp_path / "run" / "checkpoint.npz").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(DataError, match=r"checkpoint.npz is damaged"):
        run_training(request(colour_folder, tmp_path / "run", resume=True))


@pytest.mark.parametrize("text", ["{", "[1]", '{"recipe": 3}'])
def test_a_damaged_config_is_said_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(text)
    flags = {"epochs": 1, "max_images": 40, "size": 8, "resume": True}
    with pytest.raises(DataError, match=r"config.json is damaged .*: train again with --overwrite"):
        run_training(make_request("digits", tmp_path / "run", flags))
