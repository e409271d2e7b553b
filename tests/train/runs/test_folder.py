"""Run folders that cannot be written, before and while a training writes them."""

from __future__ import annotations

import dataclasses
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from cnnkit.errors import OutputError
from cnnkit.system.files import check_space, check_writable
from cnnkit.train.architectures import NetworkShape, build_network
from cnnkit.train.devices import DeviceOptions, Devices
from cnnkit.train.fitting.checkpoint import load_checkpoint, save_checkpoint
from cnnkit.train.fitting.optimizers import Steps, kept_bytes
from cnnkit.train.fitting.trainer import Trainer
from cnnkit.train.recipes.recipe import Recipe
from cnnkit.train.recipes.request import TrainingRequest
from cnnkit.train.runs import folder as runs, training
from cnnkit.train.runs.training import run_training

resource = pytest.importorskip("resource", reason="limits file sizes on POSIX systems")
RECIPE = Recipe(name="quick", epochs=3, batch_size=16, learning_rate=3e-3)
Usage = namedtuple("Usage", "total used free")


def request(data: Path, out: Path, **changes: object) -> TrainingRequest:
    wanted = TrainingRequest(str(data), "conv2", RECIPE, out, size=16, devices=DeviceOptions(deterministic=True))
    return dataclasses.replace(wanted, **changes)  # type: ignore[arg-type]


def stop_loading(*_: object, **__: object) -> None:
    raise AssertionError("the data is read")


def test_a_folder_that_holds_a_run_or_is_a_file_is_refused_before_the_data_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "load_images", stop_loading)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="it is a file, expected the name of a folder"):
        run_training(request(tmp_path, tmp_path / "file"))
    with pytest.raises(OutputError, match="file is a file, expected a folder"):
        run_training(request(tmp_path, tmp_path / "file" / "run"))
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(OutputError, match="permission denied"):
        run_training(request(tmp_path, tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_disk_without_room_is_said_before_the_training_and_an_old_run_is_kept(
    colour_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name in ("config.json", "model.keras", "history.csv"):
        (run / name).write_text("old")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 2**40, 3 * 2**20))
    monkeypatch.setattr(training, "teach", stop_loading)
    with pytest.raises(OutputError, match=r"run: [\d.]+ MiB are needed and 3.0 MiB are free: make room, or name"):
        run_training(request(colour_folder, run, overwrite=True))
    assert {path.name: path.read_text() for path in run.iterdir()} == dict.fromkeys(
        ("config.json", "model.keras", "history.csv"), "old"
    )


def test_what_a_resumed_run_holds_already_counts_as_room(
    colour_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(runs, "check_space", lambda path, needed: asked.append(needed))
    run_training(request(colour_folder, tmp_path / "run"))
    run_training(request(colour_folder, tmp_path / "run", resume=True))
    there = sum((tmp_path / "run" / name).stat().st_size for name in ("model.keras", "checkpoint.npz"))
    assert asked == [asked[0], asked[0] - there]
    assert 2 * there <= asked[0] <= 2 * there + 2**20


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "nadam", "sgd", "rmsprop", "lion"])
def test_the_room_is_what_a_checkpoint_and_a_model_take(tmp_path: Path, optimizer: str) -> None:
    recipe = Recipe(optimizer=optimizer, ema=0.9, mixup=0.2, flip=True)
    network = build_network("conv2", NetworkShape(16, 16, 3, 3, 0, 255.0))
    trainer = Trainer(network, recipe, Devices("tensorflow", (), None, False), Steps(3, 2), 0)
    network.save(tmp_path / "model.keras")
    size = sum(array.nbytes for array in trainer.state().values()) + (tmp_path / "model.keras").stat().st_size
    assert size <= kept_bytes(recipe, network.count_params()) <= 1.1 * size + 2**18


@pytest.mark.parametrize("folder", ["run", "plots"])
def test_a_folder_that_takes_no_files_is_said_before_the_training(
    colour_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    def refuse(path: Path) -> None:
        if path.name == folder:
            raise OutputError(f"cannot write into {path}: Read-only file system")

    monkeypatch.setattr(runs, "check_writable", refuse)
    monkeypatch.setattr(training, "teach", stop_loading)
    with pytest.raises(OutputError, match="Read-only file system"):
        run_training(request(colour_folder, tmp_path / "run"))
    assert not (tmp_path / "run" / "config.json").exists()


def test_check_writable_writes_and_leaves_nothing(tmp_path: Path) -> None:
    check_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OutputError, match=r"cannot write into .*none: No such file or directory"):
        check_writable(tmp_path / "none")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(OutputError, match=r"cannot write into .*: File too large"):
            check_writable(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_check_space_looks_at_the_disk_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    check_space(tmp_path / "not" / "there", 1)
    with pytest.raises(OutputError, match=r"MiB are needed and [\d,.]+ MiB are free"):
        check_space(tmp_path / "not" / "there", 2**62)


@pytest.mark.parametrize("full", ["model.keras", pytest.param("checkpoint.npz", marks=pytest.mark.slow)])
def test_a_disk_that_fills_up_never_costs_the_best_epoch(
    colour_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    run_training(request(colour_folder, tmp_path / "whole"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    run, limits = tmp_path / "run", []

    def save_and_fill(folder: Path, checkpoint: object) -> None:
        """Writes the first checkpoint; then no file can grow beyond what lies between the two."""
        save_checkpoint(folder, checkpoint)  # type: ignore[arg-type]
        size = (folder / "model.keras").stat().st_size
        limits.append(size // 2 if full == "model.keras" else size + 1000)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits[-1], before[1]))

    monkeypatch.setattr(training, "save_checkpoint", save_and_fill)
    try:
        with pytest.raises(OutputError, match=rf"write .*{full}: File too large; .* go on with --resume") as caught:
            run_training(request(colour_folder, run))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "\n" not in str(caught.value)
    monkeypatch.setattr(training, "save_checkpoint", save_checkpoint)
    names = {path.name for path in run.iterdir()}
    assert names == {"config.json", "plots", "history.csv", "model.keras", "checkpoint.npz"}
    kept = load_checkpoint(run)
    assert kept is not None and len(kept.history) == 1
    run_training(request(colour_folder, run, resume=True))
    import keras

    one, other = (keras.saving.load_model(folder / "model.keras") for folder in (run, tmp_path / "whole"))
    for mine, whole in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(mine, whole, atol=1e-6)
