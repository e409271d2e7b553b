"""Folders of images that lists label, as Roboflow and Kaggle give them."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from cnnkit.errors import DataError, SourceError
from cnnkit.sources import is_listed, list_listed, list_test_files, list_test_images

ROBOFLOW = "filename, ant, bee\n{0}1.jpg, 1, 0\n{0}2.jpg, 0, 1\n"
KAGGLE = "id,label\n1,ant\n2,bee\n3,bee\n"


def make(root: Path, *files: str, **texts: str) -> Path:
    """Makes empty images, and lists: `train__labels` is train/labels.csv."""
    lists = {f"{name.replace('__', '/')}.csv": text for name, text in texts.items()}
    for name, text in {**dict.fromkeys(files, ""), **lists}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def roboflow(root: Path) -> Path:
    parts = ("train", "valid", "test")
    images = [f"{part}/{part}{number}.jpg" for part in parts for number in (1, 2)]
    make(root, *images, "README.roboflow.txt")
    for part in parts:
        make(root / part, _classes=ROBOFLOW.format(part))
    return root


def kaggle(root: Path) -> Path:
    images = [f"{part}/{number}.png" for part in ("train", "test") for number in (1, 2, 3)]
    return make(root, *images, train=KAGGLE, test="id\n1\n2\n3\n", sample_submission="id,label\n1,ant\n")


def labels_beside_images(root: Path) -> Path:
    return make(root, "1.jpg", "2.jpg", "3.jpg", labels=KAGGLE)


def both_labelled(root: Path) -> Path:
    return make(kaggle(root), Test="Path,ClassId\ntest/1.png,bee\n", Train="Path,ClassId\ntrain/2.png,ant\n3,bee\n")


def found(data: Path) -> dict[str | None, list[tuple[str, str]]]:
    parts = list_listed(data)
    return {
        part: [
            (path.relative_to(data).as_posix(), files.labels[target])
            for path, target in zip(files.paths, files.targets, strict=True)
        ]
        for part, files in parts.items()
    }


def test_roboflow_has_a_list_in_each_part(tmp_path: Path) -> None:
    assert is_listed(roboflow(tmp_path))
    assert found(tmp_path) == {
        "train": [("train/train1.jpg", "ant"), ("train/train2.jpg", "bee")],
        "val": [("valid/valid1.jpg", "ant"), ("valid/valid2.jpg", "bee")],
        "test": [("test/test1.jpg", "ant"), ("test/test2.jpg", "bee")],
    }


def test_kaggle_has_one_beside_the_images_whose_test_images_have_no_labels(tmp_path: Path) -> None:
    assert is_listed(kaggle(tmp_path))
    assert found(tmp_path) == {None: [("train/1.png", "ant"), ("train/2.png", "bee"), ("train/3.png", "bee")]}


def test_labels_beside_images_and_lists_of_two_parts(tmp_path: Path) -> None:
    assert found(labels_beside_images(tmp_path / "a")) == {None: [("1.jpg", "ant"), ("2.jpg", "bee"), ("3.jpg", "bee")]}
    images = [f"{part}/{number}.png" for part in ("train", "test") for number in (1, 2, 3)]
    both = make(tmp_path / "b", *images, Train=KAGGLE, Test="Width,Path,ClassId\n9,test/1.png,bee\n")
    assert found(both)["test"] == [("test/1.png", "bee")]


@pytest.mark.parametrize("maker", [roboflow, kaggle, labels_beside_images])
def test_an_unpacked_archive_is_passed_through_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, maker: object
) -> None:
    caplog.set_level(logging.INFO, logger="cnnkit")
    maker(tmp_path / "zip" / "name")  # type: ignore[operator]
    assert is_listed(tmp_path)
    assert all(path.startswith("zip/name/") for lines in found(tmp_path).values() for path, _ in lines)
    assert f"the dataset is taken from {tmp_path / 'zip' / 'name'}" in caplog.messages
    assert any(message.startswith("labels are taken from ") for message in caplog.messages)


@pytest.mark.parametrize(
    ("files", "lists"),
    [
        pytest.param(("ants/1.jpg", "bees/2.jpg"), {"labels": "id,label\n1,ant\n"}, id="classes beside a list"),
        pytest.param(("train/ants/1.jpg", "train/bees/1.jpg"), {"train": "id,label\n1,x\n"}, id="classes in a part"),
        pytest.param(("train/1.jpg",), {"train": "id\n1\n"}, id="no labels"),
        pytest.param(("train/1.jpg",), {"notes": "id,label\n1,ant\n"}, id="another list"),
        pytest.param(("train/1.jpg",), {"metadata": "id,age,sex\n1,9,f\n"}, id="a list of other facts"),
        pytest.param(("test/1.jpg",), {"test": "id,label\n1,ant\n"}, id="test images alone"),
        pytest.param(("a/b/c/d/e/1.jpg",), {}, id="no list"),
    ],
)
def test_folders_of_classes_and_others_are_not_listed(
    tmp_path: Path, files: tuple[str, ...], lists: dict[str, str]
) -> None:
    assert not is_listed(make(tmp_path, *files, **lists))


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        pytest.param({"train": KAGGLE, "labels": KAGGLE}, "train.csv both list all images: name", id="two lists"),
        pytest.param({"train": KAGGLE, "val": "id,label\n9,ant\n"}, "val.csv: 1 of 1 images are not", id="missing"),
        pytest.param({"train": KAGGLE, "val": "id,label\n4,wasp\n"}, "wasp is none of the", id="a class of its own"),
        pytest.param({"train": "id,label\n1,ant\n"}, "holds one class (ant), expected at least two", id="one class"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, lists: dict[str, str], message: str) -> None:
    make(tmp_path, "train/1.jpg", "train/2.jpg", "train/3.jpg", "val/4.jpg", **lists)
    with pytest.raises(DataError, match=r"^[^\n]*$") as error:
        list_listed(tmp_path)
    assert message in str(error.value)


def test_what_a_model_is_measured_on(tmp_path: Path) -> None:
    labels = ("wasp", "bee", "ant")
    files = list_test_files(roboflow(tmp_path / "r"), labels)
    assert ([path.name for path in files.paths], files.targets) == (["test1.jpg", "test2.jpg"], (2, 1))
    assert list_test_images(tmp_path / "r") == files.paths
    plain = list_test_files(labels_beside_images(tmp_path / "p") / "labels.csv", labels)
    assert (len(plain.paths), plain.labels) == (3, labels)
    folders = make(tmp_path / "f", "ant/1.jpg", "bee/1.jpg")
    assert list_test_files(folders, labels).targets == (2, 1) and len(list_test_images(folders)) == 2
    part = make(tmp_path / "t", "a.jpg", "b.jpg", list="file,label,split\na.jpg,ant,train\nb.jpg,bee,train\n")
    with pytest.raises(DataError, match=r"list.csv lists no test images, only train: give other images"):
        list_test_images(part / "list.csv")
    with pytest.raises(SourceError, match="no such folder"):
        list_test_images(tmp_path / "none")


@pytest.mark.parametrize(
    "lists",
    [
        pytest.param({"trainLabels": "image,level\n1,ant\n2,bee\n"}, id="trainLabels, of levels"),
        pytest.param({"metadata": "image_id,age,label\n1,9,ant\n2,8,bee\n"}, id="metadata"),
        pytest.param({"train": KAGGLE, "test": "id,width,height\n1,9,9\n", "metadata": KAGGLE}, id="others beside it"),
        pytest.param({"train/_annotations": "filename,class,xmin\n1.jpg,ant,5\n2.jpg,bee,6\n"}, id="Roboflow's boxes"),
    ],
)
def test_lists_of_other_names(tmp_path: Path, lists: dict[str, str]) -> None:
    make(tmp_path, "train/1.jpg", "train/2.jpg", "train/3.jpg", "test/1.jpg", **lists)
    (lines,) = found(tmp_path).values()
    assert lines[:2] == [("train/1.jpg", "ant"), ("train/2.jpg", "bee")]


def test_images_in_a_folder_of_their_part_again_are_no_class(tmp_path: Path) -> None:
    make(tmp_path, *(f"train/train/{number}.png" for number in (1, 2, 3)), train=KAGGLE)
    assert found(tmp_path) == {
        None: [("train/train/1.png", "ant"), ("train/train/2.png", "bee"), ("train/train/3.png", "bee")]
    }
