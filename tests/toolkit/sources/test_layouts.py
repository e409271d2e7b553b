"""Datasets as they come: which folders are training, validation and test images."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from cnnkit.errors import DataError
from cnnkit.sources import find_layout

CLASSES = ("ants", "bees")


def make(root: Path, *parts: str, classes: tuple[str, ...] = CLASSES) -> Path:
    """Makes class folders in each part, an empty image file in each."""
    for part in parts:
        for name in classes:
            folder = root / part / name
            folder.mkdir(parents=True)
            (folder / "1.jpg").touch()
    return root


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        pytest.param(("train", "val", "test"), ("train", "val", "test"), id="plain"),
        pytest.param(("train", "valid", "test"), ("train", "valid", "test"), id="Roboflow"),
        pytest.param(("Train", "Validation", "TEST"), ("Train", "Validation", "TEST"), id="capitals"),
        pytest.param(("Training", "Testing"), ("Training", None, "Testing"), id="Training and Testing"),
        pytest.param(("training_set", "test_set"), ("training_set", None, "test_set"), id="sets"),
        pytest.param(("trainset", "test-images"), ("trainset", None, "test-images"), id="without a separator"),
        pytest.param(("train", "validation"), ("train", "validation", None), id="no test"),
        pytest.param(("seg_train/seg_train", "seg_test/seg_test"), ("seg_train/seg_train", None, "seg_test/seg_test"),
                     id="Kaggle, nested twice"),
        pytest.param(("zip/it/train", "zip/it/test"), ("zip/it/train", None, "zip/it/test"), id="unpacked twice over"),
        pytest.param(("train",), ("train", None, None), id="training images alone"),
        pytest.param(("TrainingSet", "ValidationSet"), ("TrainingSet", "ValidationSet", None), id="capitals within"),
        pytest.param(("train", "dev", "eval"), ("train", "dev", "eval"), id="dev and eval"),
        pytest.param(("train", "eval"), ("train", "eval", None), id="eval alone"),
        pytest.param(("Train", "Validate", "test_labeled"), ("Train", "Validate", "test_labeled"), id="a word behind"),
        pytest.param(("1_train", "2_val", "3_test"), ("1_train", "2_val", "3_test"), id="numbered"),
        pytest.param(("train2017", "val2017"), ("train2017", "val2017", None), id="years"),
        pytest.param(("train-ants", "val-ants"), ("train-ants", "val-ants", None), id="a name behind"),
        pytest.param(("images/train", "images/val"), ("images/train", "images/val", None), id="in images"),
    ],
)  # fmt: skip
def test_parts_are_found_by_their_names(
    tmp_path: Path, folders: tuple[str, ...], expected: tuple[str | None, ...]
) -> None:
    layout = find_layout(make(tmp_path, *folders))
    found = (layout.train, layout.val, layout.test)
    assert found == tuple(None if part is None else tmp_path / part for part in expected)
    assert layout.divided


def test_what_is_taken_from_folders_of_other_names_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="cnnkit")
    find_layout(make(tmp_path / "a", "Training", "test_set"))
    find_layout(make(tmp_path / "b", "train", "test"))
    assert caplog.messages == [f"{tmp_path / 'a'} is divided: train from Training, test from test_set"]


def test_folders_without_images_beside_images_do_not_matter(tmp_path: Path) -> None:
    make(tmp_path, "images")
    (tmp_path / "annotations" / "deep").mkdir(parents=True)
    assert find_layout(tmp_path).train == tmp_path / "images"
    make(tmp_path, "annotations/deep")
    assert find_layout(tmp_path).train == tmp_path


@pytest.mark.parametrize(
    "classes",
    [
        CLASSES,
        ("bus", "car", "train"),
        ("test tube", "flask"),
        ("trained", "untrained"),
        ("train station", "test bench"),
    ],
    ids=" ".join,
)
def test_class_folders_are_no_parts(tmp_path: Path, classes: tuple[str, ...]) -> None:
    layout = find_layout(make(tmp_path, "", classes=classes))
    assert (layout.train, layout.divided) == (tmp_path, False)


def test_a_dataset_in_a_folder_of_its_own_is_found_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="cnnkit")
    make(tmp_path, "photos")
    assert find_layout(tmp_path).train == tmp_path / "photos"
    assert str(tmp_path / "photos") in caplog.text


def test_two_folders_for_one_part_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="val and valid, which both name the val images"):
        find_layout(make(tmp_path, "train", "val", "valid"))


def test_what_is_left_out_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make(tmp_path, "train", "val", "masks")
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "1.jpg").touch()  # as Kaggle's tests without labels
    layout = find_layout(tmp_path)
    assert layout.test is None
    assert "test holds no class folders and is left out" in caplog.text
    assert "left out beside the parts of the dataset: masks" in caplog.text
