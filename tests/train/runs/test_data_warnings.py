"""What a dataset is warned of, and the picture of images that are nearly the same."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from skimage import data as photos

from cnnkit.spec import InputSpec
from cnnkit.train.data import Dataset, Split, SplitOptions, load_dataset
from cnnkit.train.pictures import draw_alike
from cnnkit.train.runs.data_warnings import warn_of_data


def noise(targets: list[int], seed: int) -> Split:
    images = np.random.default_rng(seed).integers(0, 256, (len(targets), 20, 20, 3), dtype=np.uint8)
    return Split.of(images, np.array(targets))


@pytest.mark.parametrize(
    ("train", "test", "weighted", "said"),
    [
        pytest.param([0, 0, 1, 1], [0, 1], False, [], id="nothing"),
        pytest.param([0, 0, 1, 1], [0, 0], False, ["the test images hold none of bees"], id="missing class"),
        pytest.param([0] * 10 + [1] * 2, [0, 1], False, ["10 training images of ants and 2 of bees: --class-weights"],
                     id="uneven"),
        pytest.param([0] * 10 + [1] * 2, [0, 1], True, [], id="uneven and weighted"),
    ],
)  # fmt: skip
def test_odd_counts(
    train: list[int], test: list[int], weighted: bool, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    dataset = Dataset("insects", ("ants", "bees"), noise(train, 0), noise([0, 1], 1), noise(test, 2))
    warn_of_data(dataset, dataset.alike(), weighted=weighted)
    assert len(caplog.messages) == len(said)
    assert all(line in message for line, message in zip(said, caplog.messages, strict=True))


def test_one_image_under_two_labels_is_said(caplog: pytest.LogCaptureFixture) -> None:
    train, test = noise([0, 0, 1, 1], 0), noise([0, 1], 1)
    images = np.concatenate([train.images, train.images[:1]])
    torn = Dataset("insects", ("ants", "bees"), Split.of(images, np.array([0, 0, 1, 1, 1])), test, None)
    warn_of_data(torn, [], weighted=False)
    assert caplog.messages == [
        "insects: 1 images lie under two labels with the very same pixels: ants and bees: keep each under one"
    ]


def test_the_files_of_an_image_under_two_labels_are_named(
    colour_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for index in range(5):
        content = (colour_folder / "blue" / f"{index:03}.png").read_bytes()
        (colour_folder / "red" / f"again{index}.png").write_bytes(content)
    dataset = load_dataset(str(colour_folder), InputSpec(16, 16, 3), SplitOptions())
    caplog.clear()
    warn_of_data(dataset, [], weighted=False)
    (said,) = [line for line in caplog.messages if "two labels" in line]
    assert said.startswith("colours: 5 images lie under two labels with the very same pixels: ")
    assert said.endswith("; ...: keep each under one") and said.count(" and ") == 3
    pairs = {f"{colour_folder}/blue/{index:03}.png and {colour_folder}/red/again{index}.png" for index in range(5)}
    assert sum(pair in said for pair in pairs) == 3


def test_torn_series_are_said_once(colour_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    for path in colour_folder.glob("*/*.png"):
        number = int(path.stem)
        path.rename(path.with_name(f"clip{number // 4}_{number % 4}.png"))
    dataset = load_dataset(str(colour_folder), InputSpec(16, 16, 3), SplitOptions())
    caplog.clear()
    warn_of_data(dataset, [], weighted=False)
    (said,) = caplog.messages
    assert re.fullmatch(
        r"colours: 1\d series of images by their names, such as (clip\d)_\d.png and \1_\d.png, are torn between "
        r"training and held-out images, which flatters the result: cnnkit split keeps each together",
        said,
    )


def test_near_duplicates_are_counted_and_drawn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cat, coffee = photos.cat()[:300, :400], photos.coffee()[:300, :400]
    train = Split.of(np.stack([cat, coffee]), np.array([0, 1]))
    test = Split.of(np.stack([np.clip(coffee * 0.9, 0, 255).astype(np.uint8)]), np.array([1]))
    dataset = Dataset("things", ("cat", "coffee"), train, noise([], 0), test)
    alike = dataset.alike()
    warn_of_data(dataset, alike, weighted=False)
    assert "1 of 1 test images are nearly the same as train images (plots/near-duplicates.png)" in caplog.text
    draw_alike(dataset, alike, "rgb", tmp_path / "pairs.png")
    assert (tmp_path / "pairs.png").read_bytes().startswith(b"\x89PNG")
