"""Images that are read from their files in every epoch: the same pixels, the same training, little memory."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cnnkit.errors import DataError
from cnnkit.images import read_image
from cnnkit.images.preprocess import resize_image
from cnnkit.spec import InputSpec
from cnnkit.train.data import ordered_reading
from cnnkit.train.data.batches import inference_batch
from cnnkit.train.data.dataset import Dataset, Split, SplitOptions
from cnnkit.train.data.folder_data import FolderOptions
from cnnkit.train.data.image_stores import MemoryStore, ResizedStore
from cnnkit.train.data.loading import load_dataset
from cnnkit.train.data.ordered_reading import ReadAhead, map_in_order, thread_count
from cnnkit.train.data.standardise import fit_standardisation
from cnnkit.train.devices import DeviceOptions
from cnnkit.train.fitting.recorder import Recorder
from cnnkit.train.recipes.recipe import Recipe
from cnnkit.train.recipes.request import TrainingRequest
from cnnkit.train.runs.training import run_training

SPEC = InputSpec(24, 20, 3, dtype="float32", resize="crop")
RECIPE = Recipe(name="quick", epochs=2, batch_size=16, learning_rate=3e-3, flip=True, translate=0.1)


def load(data: str, spec: InputSpec, cache_mib: int) -> Dataset:
    return load_dataset(data, spec, SplitOptions(), folders=FolderOptions(cache_mib=cache_mib))


def request(data: Path, out: Path, **changes: object) -> TrainingRequest:
    wanted = TrainingRequest(str(data), "conv2", RECIPE, out, size=16, devices=DeviceOptions(deterministic=True))
    return dataclasses.replace(wanted, **changes)  # type: ignore[arg-type]


def weights(out: Path) -> list[np.ndarray]:
    import keras

    return keras.saving.load_model(out / "model.keras").get_weights()


@pytest.mark.parametrize(
    ("data", "spec"),
    [
        pytest.param("folder", SPEC, id="files"),
        pytest.param("folder", dataclasses.replace(SPEC, channels=1, color="gray"), id="grey files"),
        pytest.param("digits", InputSpec(12, 12, 1, "gray"), id="an array that is enlarged"),
    ],
)
def test_images_are_the_same_in_memory_and_read_anew(colour_folder: Path, data: str, spec: InputSpec) -> None:
    kept, read = (load(data if data == "digits" else str(colour_folder), spec, mib) for mib in (1, 0))
    assert isinstance(kept.train.store, MemoryStore) and kept.train.store.in_memory
    assert not read.train.store.in_memory
    assert kept.record() == read.record()
    assert fit_standardisation(kept.train) == fit_standardisation(read.train)
    for name, split in read.splits().items():
        whole = kept.splits()[name].images
        shuffled = np.random.default_rng(0).permutation(len(split))
        assert np.array_equal(split.read(shuffled), whole[shuffled])
        assert np.array_equal(np.concatenate(list(split.batches(7))), whole)


def test_training_sees_what_predict_sees(colour_folder: Path) -> None:
    read = load(str(colour_folder), SPEC, 0)
    expected = {resize_image(read_image(path).pixels, SPEC).tobytes() for path in colour_folder.rglob("*.png")}
    assert {image.tobytes() for split in read.splits().values() for image in split.images} == expected


def test_a_small_cache_is_not_exceeded_by_all_splits_together(
    tmp_path: Path, write_colours: Callable[..., None]
) -> None:
    for name in ("train", "val", "test"):
        write_colours(tmp_path / name, 10)
    images_a_mib = 2**20 // (80 * 80 * 3)  # 54
    assert 2 * 30 > images_a_mib > 30
    spec = InputSpec(80, 80, 3)
    assert not any(split.store.in_memory for split in load(str(tmp_path), spec, 1).splits().values())
    assert all(split.store.in_memory for split in load(str(tmp_path), spec, 2).splits().values())


def test_files_read_anew_give_the_weights_of_images_in_memory(colour_folder: Path, tmp_path: Path) -> None:
    kept = run_training(request(colour_folder, tmp_path / "kept"))
    read = run_training(request(colour_folder, tmp_path / "read", image_cache=0))
    assert kept.metrics == read.metrics
    for one, other in zip(weights(tmp_path / "kept"), weights(tmp_path / "read"), strict=True):
        assert np.array_equal(one, other)
    assert (tmp_path / "kept" / "config.json").read_text() == (tmp_path / "read" / "config.json").read_text()


def test_files_lost_in_training_are_named_and_the_run_goes_on_when_they_are_back(
    colour_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_training(request(colour_folder, tmp_path / "whole", image_cache=0))
    lost = colour_folder / "red"
    keep = Recorder._keep

    def lose(recorder: Recorder, row: dict[str, float]) -> None:
        keep(recorder, row)
        lost.rename(tmp_path / "elsewhere")

    monkeypatch.setattr(Recorder, "_keep", lose)
    with pytest.raises(
        DataError, match=r"red/0\d\d.png: no such file; it could be read before the training began"
    ) as caught:
        run_training(request(colour_folder, tmp_path / "parts", image_cache=0))
    assert "\n" not in str(caught.value)
    assert {path.name for path in (tmp_path / "parts").glob("*.*")} >= {"model.keras", "checkpoint.npz", "history.csv"}
    monkeypatch.setattr(Recorder, "_keep", keep)
    (tmp_path / "elsewhere").rename(lost)
    outcome = run_training(request(colour_folder, tmp_path / "parts", image_cache=0, resume=True))
    assert [row["epoch"] for row in outcome.history] == [1, 2]
    for one, other in zip(weights(tmp_path / "whole"), weights(tmp_path / "parts"), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_results_come_in_order_and_few_are_made_ahead() -> None:
    made: list[int] = []

    def slow(item: int) -> int:
        time.sleep(0.003 if item % 3 else 0)
        made.append(item)
        return item

    results = map_in_order(slow, range(200))
    assert [next(results) for _ in range(50)] == list(range(50))
    assert len(made) <= 50 + 3 * thread_count() + 1
    results.close()  # type: ignore[attr-defined]
    stopped = len(made)
    time.sleep(0.03)
    assert len(made) <= stopped + thread_count()


def test_an_error_on_a_thread_is_raised_at_its_place() -> None:
    def divide(item: int) -> float:
        return 6 / (3 - item)

    results = map_in_order(divide, range(100))
    assert [next(results) for _ in range(3)] == [2.0, 3.0, 6.0]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_batches_are_read_two_ahead_on_one_thread_in_any_order() -> None:
    made: list[tuple[int, str]] = []

    def make(index: int) -> int:
        made.append((index, threading.current_thread().name))
        return index * index

    ahead = ReadAhead(make, 9)
    assert [ahead.take(index) for index in (0, 1, 0, 1, 2, 3, 8, 7, 8)] == [0, 1, 0, 1, 4, 9, 64, 49, 64]
    assert {name.rsplit("_", 1)[0] for _, name in made} == {"cnnkit-read-ahead"}
    assert max(index for index, _ in made[:2]) <= 1


def test_threads_are_as_many_as_the_cores_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordered_reading.os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert thread_count() == 16
    monkeypatch.setattr(ordered_reading.os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert thread_count() == 1


@pytest.mark.parametrize(
    ("side", "copies", "images"),
    [(8, 1, 256), (32, 1, 256), (96, 1, 128), (224, 1, 32), (224, 3, 30), (2000, 1, 1), (2000, 4, 4)],
)
def test_large_images_are_run_fewer_at_a_time(side: int, copies: int, images: int) -> None:
    assert inference_batch(side, side, copies) == images


def test_an_enlarged_array_is_measured_once() -> None:
    images = np.random.default_rng(0).integers(0, 256, (600, 4, 4, 3), dtype=np.uint8)
    store = ResizedStore(images, InputSpec(9, 9, 3))
    split = Split.whole(store, np.arange(600) % 2).take(np.arange(0, 600, 2))
    first = split.facts()
    images[:] = 0
    assert np.array_equal(split.facts().digests, first.digests) and first.sums.min() > 0


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_files() -> None:
    script = Path(__file__).parents[2] / "scripts" / "measure_memory.py"
    options = ["--images", "3000", "--limit", "1", "--", "--image-cache", "0"]
    done = subprocess.run([sys.executable, script, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
