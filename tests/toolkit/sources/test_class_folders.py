from __future__ import annotations

import logging
import os
import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from image_files import encode, photo

from cnnkit.errors import DataError, SourceError
from cnnkit.images import resize_image
from cnnkit.sources import class_folders as folders
from cnnkit.sources.class_folders import LabelledFiles, list_class_folder, list_images, read_images, read_labelled
from cnnkit.sources.folders import folder_images
from cnnkit.sources.found import FoundImage
from cnnkit.sources.layouts import find_layout
from cnnkit.spec import InputSpec

SPEC = InputSpec(8, 8, 3)
CAT = encode(photo(), "JPEG")


def write(root: Path, *names: str, data: bytes = CAT) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def names(paths: tuple[Path, ...], root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in paths]


def test_images_are_listed_at_any_depth_and_sorted(tmp_path: Path) -> None:
    write(tmp_path, "b.jpg", "a.PNG", "a/z.webp", "a/deep/er/x.tiff", "a.gif", "Z.bmp", "写真/é.jpeg")
    expected = ["Z.bmp", "a/deep/er/x.tiff", "a/z.webp", "a.PNG", "a.gif", "b.jpg", "写真/é.jpeg"]
    assert names(list_images(tmp_path), tmp_path) == expected
    assert list_images(tmp_path) == tuple(sorted(list_images(tmp_path)))


def test_other_files_are_counted_and_hidden_ones_are_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, "a.jpg", "notes.txt", "deep/Thumbs.db", ".hidden.jpg", ".git/x.jpg", "._a.jpg")
    with caplog.at_level(logging.INFO, "cnnkit"):
        assert names(list_images(tmp_path), tmp_path) == ["a.jpg"]
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}: skipped 2 files that are no images by name or content"
    ]


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    root = write(tmp_path / "root", "a/x.jpg")
    write(tmp_path / "other", "y.jpg")
    (root / "a" / "up").symlink_to(root)
    (root / "a" / "self").symlink_to(root / "a")
    (root / "other").symlink_to(tmp_path / "other")
    (root / "gone.jpg").symlink_to(tmp_path / "gone.jpg")
    assert names(list_images(root), root) == ["a/x.jpg", "gone.jpg", "other/y.jpg"]


def deny(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Takes the permission to list a folder; root may list all, so that the system's answer is imitated."""
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(folders.os, "scandir", refuse)


@pytest.mark.parametrize("listing", [list_images, list_class_folder])
def test_folders_that_cannot_be_listed(listing: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(listing)
    root = write(tmp_path / "root", "a/x.jpg", "b/x.jpg")
    with pytest.raises(SourceError) as caught:
        listing(tmp_path / "none")
    assert str(caught.value) == f"{tmp_path / 'none'}: no such folder"
    with pytest.raises(SourceError) as caught:
        listing(root / "a" / "x.jpg")
    assert str(caught.value) == f"{root / 'a' / 'x.jpg'}: is a file, expected a folder"
    deny(monkeypatch, root / "b")
    with pytest.raises(SourceError) as caught:
        listing(root)
    assert str(caught.value) == f"{root / 'b'}: permission denied"


def test_class_folders_give_labels_and_targets(tmp_path: Path) -> None:
    write(tmp_path, "dog/2.jpg", "dog/1.jpg", "cat/deep/3.jpg", ".cache/x.jpg", "readme.txt")
    files = list_class_folder(tmp_path)
    assert files.labels == ("cat", "dog")
    assert names(files.paths, tmp_path) == ["cat/deep/3.jpg", "dog/1.jpg", "dog/2.jpg"]
    assert files.targets == (0, 1, 1)


def test_given_labels_decide_the_targets(tmp_path: Path) -> None:
    write(tmp_path, "dog/1.jpg", "cat/2.jpg")
    (tmp_path / "ship").mkdir()
    files = list_class_folder(tmp_path, ("ship", "dog", "horse", "cat"))
    assert files.labels == ("ship", "dog", "horse", "cat")
    assert files.targets == (3, 1)
    assert list_class_folder(write(tmp_path / "one", "cat/2.jpg"), ("dog", "cat")).targets == (1,)


def test_labels_match_in_whatever_form_the_file_system_keeps_them(tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "Käfer") for form in ("NFC", "NFD"))
    write(tmp_path, f"{decomposed}/1.jpg", "Ameise/1.jpg")
    assert list_class_folder(tmp_path).labels == ("Ameise", composed)
    assert list_class_folder(tmp_path, (composed, "Ameise")).targets == (1, 0)
    assert list_class_folder(tmp_path, (decomposed, "Ameise")).labels == (decomposed, "Ameise")


@pytest.mark.parametrize("top", ["", "photos"], ids=["classes", "a folder of them"])
def test_what_systems_add_to_folders_is_no_class_and_no_image(tmp_path: Path, top: str) -> None:
    files = ("dog/1.jpg", "cat/2.jpg", "dog/._1.jpg", "cat/@eaDir/2.jpg/SYNOPHOTO_THUMB_M.jpg", "@eaDir/x/1.jpg")
    write(tmp_path / top, *files, "__MACOSX/dog/._1.jpg", "__MACOSX/x.jpg")
    write(tmp_path, "__MACOSX/photos/dog/._1.jpg", "__MACOSX/photos/dog/2.jpg")
    files_found = list_class_folder(find_layout(tmp_path).train)
    assert files_found.labels == ("cat", "dog")
    assert [path.name for path in files_found.paths] == ["2.jpg", "1.jpg"]
    assert [found.place for found in folder_images(str(tmp_path / top), ())] == ["cat/2.jpg", "dog/1.jpg"]


def test_images_outside_of_the_class_folders_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, "dog/1.jpg", "cat/2.jpg", "loose.jpg", "loose.txt")
    assert len(list_class_folder(tmp_path).paths) == 2
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}: 1 images lie outside of the class folders and are skipped"
    ]


@pytest.mark.parametrize(
    ("files", "labels", "message"),
    [
        pytest.param((), None, "{root} holds no folders, expected one a class", id="empty"),
        pytest.param(
            ("a.jpg",),
            ("a", "b"),
            "{root} holds no folders, expected one a class, or a labels.csv that lists its images",
            id="no-folders",
        ),
        pytest.param(
            ("a/1.jpg",), None, "{root} holds one class (a), expected at least two: a folder a class", id="one"
        ),
        pytest.param(
            ("a/1.jpg", "b/1.txt"),
            None,
            "{root}/b holds no images: add some or remove the folder",
            id="class-without-images",
        ),
        pytest.param(
            ("a/1.jpg", "b/1.txt", "c/1.txt", "d/2/1.txt"),
            None,
            "{root} holds 3 folders without images, b, c, d: add some or remove these",
            id="classes-without-images",
        ),
        pytest.param(
            ("a/1.jpg", *(f"b{index}/1.txt" for index in range(10, 35))),
            None,
            "{root} holds 25 folders without images, "
            + ", ".join(f"b{index}" for index in range(10, 30))
            + ", ... (25): add some or remove these",
            id="many-classes-without-images",
        ),
        pytest.param(
            ("a/1.txt", "b/1.txt"),
            ("a", "b"),
            "{root} holds 2 folders without images, a, b: add some or remove these",
            id="labels-without-images",
        ),
        pytest.param(
            ("a/1.jpg", "c/1.jpg"), ("a", "b"), "{root}/c is none of the model's classes: a, b", id="stranger"
        ),
        pytest.param(
            ("a/1.jpg", "c/1.jpg", "d/1.jpg"),
            ("a", "b"),
            "{root}/c, {root}/d are none of the model's classes: a, b",
            id="strangers",
        ),
        pytest.param(
            ("train/a/1.jpg", "test/a/1.jpg"),
            None,
            "{root} holds the folders test, train, expected a folder a class: give one of these",
            id="splits",
        ),
        pytest.param(
            ("train/a/1.jpg", "val/a/1.jpg"),
            ("a", "b"),
            "{root} holds the folders train, val, expected a folder a class: give one of these",
            id="splits-for-a-model",
        ),
    ],
)
def test_folders_that_are_no_dataset(
    tmp_path: Path, files: tuple[str, ...], labels: tuple[str, ...] | None, message: str
) -> None:
    write(tmp_path, *files)
    with pytest.raises(DataError) as caught:
        list_class_folder(tmp_path, labels)
    assert str(caught.value) == message.format(root=tmp_path)


def test_images_are_read_at_the_size_of_the_model(tmp_path: Path) -> None:
    write(tmp_path, "dog/1.jpg", "cat/2.jpg")
    read = read_labelled(list_class_folder(tmp_path), SPEC)
    assert read.labels == ("cat", "dog")
    assert (read.images.shape, read.images.dtype) == ((2, 8, 8, 3), np.uint8)
    assert (read.targets.tolist(), read.targets.dtype) == ([0, 1], np.int64)
    assert read.sources == (str(tmp_path / "cat/2.jpg"), str(tmp_path / "dog/1.jpg"))
    assert read.failures == ()
    assert np.array_equal(read.images[0], read.images[1])


def test_corrupt_images_among_good_ones_are_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, "cat/1.jpg", "cat/3.jpg", "dog/1.jpg")
    write(tmp_path, "cat/2.jpg", data=CAT[:-200])
    write(tmp_path, "dog/0.jpg", data=b"")
    write(tmp_path, "dog/2.jpg", data=CAT[:-2])
    read = read_labelled(list_class_folder(tmp_path), SPEC)
    assert [Path(source).relative_to(tmp_path).as_posix() for source in read.sources] == [
        "cat/1.jpg",
        "cat/3.jpg",
        "dog/1.jpg",
        "dog/2.jpg",
    ]
    assert read.targets.tolist() == [0, 0, 1, 1]
    assert len(read.images) == 4
    assert (read.images == read.images[0]).all()
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [
        f"{tmp_path}/dog/2.jpg: JPEG lacks its end marker",
        f"{tmp_path}/cat/2.jpg: truncated JPEG: data ends after {len(CAT) - 200:,} bytes",
        f"{tmp_path}/dog/0.jpg: empty file",
    ]
    assert [str(failure) for failure in read.failures] == messages[1:]


def test_nothing_that_can_be_read(tmp_path: Path) -> None:
    write(tmp_path, "cat/1.jpg", "dog/1.jpg", data=b"text")
    with pytest.raises(DataError) as caught:
        read_labelled(list_class_folder(tmp_path), SPEC)
    assert str(caught.value) == (
        f"none of 2 images can be read, the first: {tmp_path}/cat/1.jpg: "
        "not an image: expected JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP, GIF or JPEG 2000"
    )
    with pytest.raises(DataError, match="no images"):
        read_labelled(LabelledFiles(("a", "b"), (), ()), SPEC)


@pytest.mark.parametrize("spec", [SPEC, replace(SPEC, resize="crop"), replace(SPEC, interpolation="linear")])
def test_pixels_to_learn_from_are_those_that_predict_answers(tmp_path: Path, spec: InputSpec) -> None:
    write(tmp_path, "1.jpg", data=encode(photo(250, 330), "JPEG"))
    path = str(tmp_path / "1.jpg")
    images, _ = read_images([tmp_path / "1.jpg"], spec)
    assert np.array_equal(images[0], resize_image(FoundImage(path).decode(taken=(spec,)).pixels, spec))
    reduced = FoundImage(path).decode(taken=(spec,)).pixels.shape[0] < 250
    assert reduced == (spec.interpolation == "area")


def test_the_limit_on_pixels_is_passed_on(tmp_path: Path) -> None:
    write(tmp_path, "1.jpg")
    images, failures = read_images([tmp_path / "1.jpg"], InputSpec(8, 8, 1, color="gray"), max_pixels=100)
    assert images.shape == (0, 8, 8, 1)
    assert [failure.reason for failure in failures] == ["80 x 60 pixels, more than the limit of 100 (--max-pixels)"]


def test_the_test_images_of_a_dataset_are_found(tmp_path: Path) -> None:
    assert folders.test_split(tmp_path) == tmp_path
    (tmp_path / "test").mkdir()
    assert folders.test_split(tmp_path) == tmp_path / "test"
