"""Images of a list are divided as those of class folders are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from cnnkit.cli import main
from cnnkit.errors import DataError, OutputError
from cnnkit.sources import SplitShares, split_folder
from cnnkit.sources.undivided import find_undivided

LABELS = ("ants", "bees")


def write_list(folder: Path, *, places: tuple[str, str] = ("images", "images"), header: str = "file,label") -> Path:
    """Writes ten files of each of two classes, and a list that begins with the last of them."""
    lines = list[str]()
    for label, place in zip(LABELS, places, strict=True):
        (folder / place).mkdir(parents=True, exist_ok=True)
        for index in range(10):
            (folder / place / f"{label}{index:02}q.jpg").write_text(f"{label} {index}")
            lines.append(f"{place}/{label}{index:02}q.jpg,{label}" + ",train" * header.endswith("split"))
    (folder / "labels.csv").write_text("\n".join([header, *reversed(lines)]))
    return folder / "labels.csv"


@pytest.mark.parametrize("given", ["the list", "its folder"])
def test_a_list_becomes_class_folders(tmp_path: Path, given: str) -> None:
    listed = write_list(tmp_path / "data")
    source = listed if given == "the list" else listed.parent
    result = CliRunner().invoke(main, ["split", str(source), "-o", str(tmp_path / "out"), "--link"])
    assert result.exit_code == 0, result.output
    assert "20 images in 20 groups that stay together" in result.stdout
    found = sorted(path.relative_to(tmp_path / "out").parts[1:] for path in (tmp_path / "out").rglob("*.jpg"))
    assert found == [(label, f"{label}{index:02}q.jpg") for label in LABELS for index in range(10)]
    assert sorted(os.listdir(tmp_path / "out")) == ["test", "train", "val"]


def test_only_what_paths_have_in_common_is_left_out(tmp_path: Path) -> None:
    found = find_undivided(write_list(tmp_path, places=("images/day1", "images/day2")))
    assert found.names[0] == Path("day1/ants00q.jpg") and found.names[-1] == Path("day2/bees09q.jpg")


def test_training_images_alone_are_the_whole_dataset(tmp_path: Path) -> None:
    assert len(find_undivided(write_list(tmp_path, header="file,label,split")).names) == 20


def test_the_order_of_a_list_changes_nothing(tmp_path: Path) -> None:
    listed = write_list(tmp_path)
    first = find_undivided(listed)
    header, *lines = listed.read_text().splitlines()
    listed.write_text("\n".join([header, *lines[7:], *lines[:7]]))
    assert find_undivided(listed) == first


def change(listed: Path, old: str, new: str) -> Path:
    listed.write_text(listed.read_text().replace(old, new))
    return listed


@pytest.mark.parametrize(
    ("old", "new", "header", "message"),
    [
        pytest.param(",bees", ",../bees", "file,label", "the label '../bees' cannot be the name of a class", id="away"),
        pytest.param(",bees", ",.bees", "file,label", "the label '.bees' cannot be", id="hidden"),
        pytest.param(",bees", ",C:bees", "file,label", "the label 'C:bees' cannot be", id="a drive"),
        pytest.param(",ants", ",bees", "file,label", "holds one class", id="one class"),
        pytest.param("00q.jpg,bees,train", "00q.jpg,bees,test", "file,label,split", "is divided already: it says which"
                     " images are for", id="divided"),
    ],
)  # fmt: skip
def test_lists_that_cannot_be_divided(tmp_path: Path, old: str, new: str, header: str, message: str) -> None:
    listed = change(write_list(tmp_path / "data", header=header), old, new)
    with pytest.raises(DataError, match=message):
        split_folder(listed, tmp_path / "out", SplitShares())
    assert not list(tmp_path.glob("*out*"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(Path.mkdir, "out exists already: name another folder, or remove it first", id="a folder"),
        pytest.param(Path.touch, "it is a file, expected the name of a folder", id="a file"),
    ],
)
def test_what_is_there_is_not_replaced(tmp_path: Path, make: object, message: str) -> None:
    make(tmp_path / "out")  # type: ignore[operator]
    with pytest.raises(OutputError, match=message) as caught:
        split_folder(write_list(tmp_path / "data"), tmp_path / "out", SplitShares())
    assert "--overwrite" not in str(caught.value)
