from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from cnnkit.errors import DataError
from cnnkit.spec import InputSpec
from cnnkit.train.data.cifar10 import CIFAR10_LABELS, read_cifar10
from cnnkit.train.data.dataset import Split, SplitOptions
from cnnkit.train.data.loading import load_dataset
from cnnkit.train.data.standardise import fit_standardisation

SPEC = InputSpec(8, 8, 3, dtype="float32")
GREY = InputSpec(16, 16, 1, "gray", dtype="float32")


def test_digits_are_grey_levels_from_0_to_255_in_three_splits() -> None:
    dataset = load_dataset("digits", GREY, SplitOptions())
    assert dataset.test is not None
    assert dataset.record().images == {"train": 1295, "validation": 143, "test": 359}
    assert dataset.train.images.shape[1:] == (16, 16, 1)
    assert (dataset.train.images.min(), dataset.train.images.max()) == (0, 255)
    assert set(dataset.validation.targets) == set(range(10))


def test_a_folder_called_like_a_public_dataset_is_not_taken_for_it_in_silence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    write_colours: Callable[..., None],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(load_dataset("digits", GREY, SplitOptions()).labels) == 10 and not caplog.text
    write_colours(tmp_path / "digits", 8)
    assert len(load_dataset("digits", GREY, SplitOptions()).labels) == 10
    assert "for the folder of that name that lies here, say ./digits" in caplog.text
    assert load_dataset("./digits", SPEC, SplitOptions()).labels == ("blue", "green", "red")


def test_no_image_stands_in_two_splits() -> None:
    dataset = load_dataset("digits", GREY, SplitOptions())
    assert dataset.test is not None
    seen = [{image.tobytes() for image in split.images} for split in (dataset.train, dataset.validation, dataset.test)]
    assert not seen[0] & seen[1] and not seen[0] & seen[2] and not seen[1] & seen[2]


def test_class_folders_are_divided_by_the_seed(colour_folder: Path) -> None:
    one, same, other = (load_dataset(str(colour_folder), SPEC, SplitOptions(seed=seed)) for seed in (0, 0, 1))
    assert one.labels == ("blue", "green", "red")
    assert one.record() == same.record()
    assert one.record().fingerprint != other.record().fingerprint
    assert one.record().images == {"train": 42, "validation": 6, "test": 12}


def test_train_val_and_test_folders_are_taken_as_they_are(tmp_path: Path, write_colours: Callable[..., None]) -> None:
    for seed, (name, count) in enumerate({"train": 5, "val": 2, "test": 3}.items()):
        write_colours(tmp_path / name, count, seed)
    dataset = load_dataset(str(tmp_path), SPEC, SplitOptions())
    assert dataset.record().images == {"train": 15, "validation": 6, "test": 9}


def test_a_train_folder_without_test_is_not_divided_further(tmp_path: Path, write_colours: Callable[..., None]) -> None:
    write_colours(tmp_path / "train", 10)
    dataset = load_dataset(str(tmp_path), SPEC, SplitOptions())
    assert dataset.test is None
    assert dataset.record().images == {"train": 27, "validation": 3}


def test_a_corrupt_image_among_good_ones_is_left_out_and_named(
    colour_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (colour_folder / "red" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    with caplog.at_level("WARNING", logger="cnnkit"):
        dataset = load_dataset(str(colour_folder), SPEC, SplitOptions())
    assert sum(dataset.record().images.values()) == 60
    assert "broken.png" in caplog.text


@pytest.mark.parametrize(
    ("images", "message"),
    [
        pytest.param({}, "holds no folders, expected one a class", id="empty folder"),
        pytest.param({"cat": 3}, r"holds one class \(cat\), expected at least two", id="one class"),
        pytest.param({"cat": 3, "dog": 0}, "dog holds no images", id="an empty class"),
        pytest.param({"cat": 1, "dog": 1}, "one image of a class, too few to hold some out for val", id="two images"),
        pytest.param({"cat": 2, "dog": 2}, "at most 2 images of a class, too few", id="four images"),
    ],
)
def test_folders_that_cannot_be_trained_on(tmp_path: Path, images: dict[str, int], message: str) -> None:
    for label, count in images.items():
        (tmp_path / label).mkdir()
        for index in range(count):
            picture = np.full((9, 9, 3), 20 * index, np.uint8)
            (tmp_path / label / f"{index}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    with pytest.raises(DataError, match=message):
        load_dataset(str(tmp_path), SPEC, SplitOptions())


def test_a_dataset_that_is_not_there() -> None:
    with pytest.raises(DataError, match="no dataset 'nowhere': expected digits, cifar10 or a folder"):
        load_dataset("nowhere", SPEC, SplitOptions())


def test_max_images_keeps_the_classes_balanced() -> None:
    dataset = load_dataset("digits", GREY, SplitOptions(), max_images=100)
    assert len(dataset.train) == pytest.approx(100, abs=5)
    assert np.bincount(dataset.train.targets).min() >= 9


def test_cifar10_is_read_from_its_binary_version(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 3, 32, 32), dtype=np.uint8)
    for index, name in enumerate([*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"]):
        (tmp_path / name).write_bytes(bytes([index]) + images[index].tobytes())
    (train, targets), (test, test_targets) = read_cifar10(tmp_path)
    assert train.shape == (5, 32, 32, 3) and targets.tolist() == [0, 1, 2, 3, 4]
    assert np.array_equal(test[0], images[5].transpose(1, 2, 0)) and CIFAR10_LABELS[test_targets[0]] == "dog"


@pytest.mark.parametrize("size", [0, 100], ids=["empty", "cut short"])
def test_a_damaged_cifar10_file_is_named(tmp_path: Path, size: int) -> None:
    (tmp_path / "data_batch_1.bin").write_bytes(bytes(size))
    with pytest.raises(DataError, match=r"data_batch_1.bin has .* expected a multiple of 3,073"):
        read_cifar10(tmp_path)


def test_standardisation_is_the_rounded_mean_and_the_deviation_of_all_pixels() -> None:
    images = np.random.default_rng(3).integers(0, 200, (20, 4, 4, 3), dtype=np.uint8)
    offset, spread = fit_standardisation(Split.of(images, np.zeros(20, np.int64)))
    assert offset == round(float(images.mean()))
    assert spread == pytest.approx(float(images.std()), abs=1e-4)


def test_flat_images_do_not_divide_by_zero() -> None:
    assert fit_standardisation(Split.of(np.full((2, 4, 4, 1), 7, np.uint8), np.zeros(2, np.int64))) == (7, 1.0)
