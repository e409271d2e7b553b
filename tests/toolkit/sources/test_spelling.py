"""One class, spelled in several ways; and folders inside of classes that are not what they seem."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnkit.errors import DataError
from cnnkit.sources import list_class_folder, list_listed
from cnnkit.sources.spelling import find_places, some_classes

KNOWN = ("Ant", "red_ant", "Grün", "C", "c", "c++")


@pytest.mark.parametrize(
    ("name", "place"),
    [
        pytest.param("Ant", 0, id="the same"),
        pytest.param("ANT ", 0, id="capitals and a space"),
        pytest.param("Red Ant", 1, id="a space for an underscore"),
        pytest.param("red-ant", 1, id="a hyphen"),
        pytest.param("redant", None, id="together"),
        pytest.param("gru\u0308n", 2, id="decomposed, small"),
        pytest.param("c", 4, id="of two the very one"),
        pytest.param("C++", 5, id="signs count"),
        pytest.param("wasp", None, id="another"),
    ],
)
def test_names_mean_the_class_that_differs_in_spelling_alone(name: str, place: int | None) -> None:
    assert find_places([name], KNOWN, Path("photos")).get(name) == place


def test_of_two_that_are_meant_alike_none_is_taken() -> None:
    assert find_places(["ANT"], ("Ant", "ant"), Path("photos")) == {}


def test_of_many_classes_some_are_named_and_those_first_that_are_meant() -> None:
    known = [f"class {number:04}" for number in range(1000)] + ["tench", "great white shark"]
    named = some_classes(known, ["tensh", "great_white_shark"])
    assert named.startswith("tench, great white shark, class 0000, class 0001, ")
    assert named.endswith(", class 0017 and 982 more")
    assert some_classes(["a", "b"], ["x"]) == "a, b"


def make(root: Path, *places: str) -> Path:
    for place in places:
        (root / place).mkdir(parents=True)
        (root / place / "1.jpg").touch()
    return root


def test_class_folders_of_another_part_are_matched_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = list_class_folder(make(tmp_path, "ant", "Bee"), ("Bee", "Ant"))
    assert (files.labels, files.targets) == (("Bee", "Ant"), (0, 1))
    assert caplog.messages == [f"{tmp_path}: taken by its letters: ant for Ant"]
    with pytest.raises(DataError, match="wasp is none of the model's classes"):
        list_class_folder(make(tmp_path / "more", "wasp", "bee"), ("Bee", "Ant"))


def test_two_spellings_in_one_folder_or_list_are_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    said = "'Ant' and 'ant' differ in capitals, spaces, hyphens or underscores alone and are learned as different"
    assert list_class_folder(make(tmp_path / "folders", "Ant", "ant", "bee")).labels == ("Ant", "ant", "bee")
    assert len(caplog.messages) == 1 and said in caplog.messages[0]
    for name in "abc":
        (tmp_path / f"{name}.jpg").touch()
    (tmp_path / "labels.csv").write_text("file,label\na.jpg,Ant\nb.jpg,ant\nc.jpg,bee\n")
    caplog.clear()
    assert list_listed(tmp_path / "labels.csv")[None].labels == ("Ant", "ant", "bee")
    assert len(caplog.messages) == 1 and said in caplog.messages[0]


def test_a_link_back_to_the_dataset_adds_no_image_to_a_class(tmp_path: Path) -> None:
    root = make(tmp_path / "photos", "ant", "bee")
    (root / "ant" / "all").symlink_to(root)
    assert list_class_folder(root).targets == (0, 1)


def test_folders_of_disks_are_no_classes(tmp_path: Path) -> None:
    root = make(tmp_path, "ant", "bee")
    for name in ("$RECYCLE.BIN", "System Volume Information", "lost+found"):
        (root / name).mkdir()
    assert list_class_folder(root).labels == ("ant", "bee")


def test_a_list_beside_the_images_is_named(tmp_path: Path) -> None:
    root = make(tmp_path, "images")
    (root / "HAM10000_metadata.csv").write_text("image_id,dx,age\n1,nv,80\n")
    with pytest.raises(DataError, match=r"; where HAM10000_metadata\.csv lists the images, give "):
        list_class_folder(root)


@pytest.mark.parametrize(
    ("places", "same"),
    [
        pytest.param(["a/ant", "a/bee", "b/ant", "b/bee"], "ant, bee", id="folds of the same classes"),
        pytest.param(["ant/train", "ant/test", "bee/train", "bee/test"], "test, train", id="parts in classes"),
        pytest.param(["ant/red", "ant/black", "bee/red"], None, id="kinds of one class"),
        pytest.param(["ant/1", "bee/1"], None, id="one folder more"),
    ],
)
def test_the_same_folders_in_every_class_are_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, places: list[str], same: str | None
) -> None:
    assert len(list_class_folder(make(tmp_path, *places)).paths) == len(places)
    warned = [message for message in caplog.messages if "holds the same folders" in message]
    assert len(warned) == (same is not None)
    assert same is None or f"holds the same folders, {same}, whose images all count" in warned[0]
