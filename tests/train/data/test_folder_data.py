"""Datasets of several folders, with validation and test folders of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from cnnkit.cli import main
from cnnkit.errors import CnnkitError, DataError, UsageError
from cnnkit.spec import InputSpec
from cnnkit.train.data.dataset import SplitOptions
from cnnkit.train.data.loading import FolderOptions, load_dataset

SPEC = InputSpec(8, 8, 3, dtype="float32")


@pytest.fixture
def parts(tmp_path: Path, write_colours: Callable[..., None]) -> Path:
    """Folders with three classes: a, b and c to train on, v and t of fewer images."""
    for seed, (name, count) in enumerate({"a": 6, "b": 5, "c": 4, "v": 2, "t": 3}.items()):
        write_colours(tmp_path / name, count, seed)
    return tmp_path


def options(root: Path, more: str = "", val: str | None = None, test: str | None = None) -> FolderOptions:
    named = {name: root / folder for name, folder in (("val_data", val), ("test_data", test)) if folder}
    return FolderOptions(more_data=tuple(str(root / name) for name in more), **named)


def remove(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


@pytest.mark.parametrize(
    ("more", "val", "test", "counts"),
    [
        pytest.param("bc", "v", "t", {"train": 45, "validation": 6, "test": 9}, id="all given"),
        pytest.param("b", None, "t", {"train": 30, "validation": 3, "test": 9}, id="validation held out"),
        pytest.param("b", "v", None, {"train": 33, "validation": 6}, id="divided by hand, without a test"),
        pytest.param("b", None, None, {"train": 24, "validation": 3, "test": 6}, id="both held out"),
        pytest.param("", "v", "t", {"train": 18, "validation": 6, "test": 9}, id="one training folder"),
    ],
)
def test_folders_are_joined_and_what_is_missing_is_held_out(
    parts: Path, more: str, val: str | None, test: str | None, counts: dict[str, int]
) -> None:
    dataset = load_dataset(str(parts / "a"), SPEC, SplitOptions(), folders=options(parts, more, val, test))
    assert dataset.record().images == counts
    assert dataset.labels == ("blue", "green", "red")
    assert dataset.name == "+".join(["a", *more])


def test_given_folders_take_the_place_of_those_in_the_dataset(parts: Path, write_colours: Callable[..., None]) -> None:
    for name, count in {"train": 5, "val": 4, "test": 7}.items():
        write_colours(parts / "whole" / name, count)
    dataset = load_dataset(str(parts / "whole"), SPEC, SplitOptions(), folders=options(parts, val="v"))
    assert dataset.record().images == {"train": 15, "validation": 6, "test": 21}


def test_classes_are_the_union_of_the_folders_and_what_one_lacks_is_said(
    parts: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (parts / "b" / "blue").rename(parts / "b" / "yellow")
    remove(parts / "t" / "green")
    with caplog.at_level("WARNING", logger="cnnkit"):
        dataset = load_dataset(str(parts / "a"), SPEC, SplitOptions(), folders=options(parts, "b", "v", "t"))
    assert dataset.labels == ("blue", "green", "red", "yellow")
    assert dataset.test is not None and set(dataset.test.targets) == {0, 2}
    assert [record.getMessage() for record in caplog.records] == [
        "a holds no images of yellow",
        "b holds no images of blue",
        "val holds no images of yellow",
        "test holds no images of green, yellow",
    ]


def one_class(parts: Path) -> None:
    for name in "ab":
        for colour in ("blue", "green"):
            remove(parts / name / colour)


def stranger(parts: Path) -> None:
    (parts / "t" / "red").rename(parts / "t" / "rot")


def splits(parts: Path) -> None:
    (parts / "a").rename(parts / "train")
    (parts / "a").mkdir()
    (parts / "train").rename(parts / "a" / "train")


def emptied(parts: Path) -> None:
    for name in "ab":
        remove(parts / name / "red")
        (parts / name / "red").mkdir()


@pytest.mark.parametrize(
    ("change", "more", "val", "test", "message"),
    [
        pytest.param(None, "a", None, None, r"the folder .*a is given twice: name every folder once", id="twice"),
        pytest.param(None, "", "a", None, r"the folder .*a is given twice", id="validated on what it learns"),
        pytest.param(None, "", "a/red", None, r"a/red lies in .*a, which is given as well", id="inside"),
        pytest.param(None, "", "v", ".", r"a lies in .*, which is given as well", id="around"),
        pytest.param(None, "", "x", None, r"no dataset '.*x': expected digits, cifar10 or a folder", id="missing"),
        pytest.param(one_class, "b", None, None, r"all folders hold one class \(red\)", id="one class"),
        pytest.param(stranger, "", "v", "t", r"t/rot is none of the model's classes: blue, green, red", id="stranger"),
        pytest.param(splits, "b", None, None, r"a holds the folders train, expected a folder a class", id="splits"),
        pytest.param(emptied, "b", None, None, "'red' has no image that can be used", id="a class without images"),
    ],
)  # fmt: skip
def test_folders_that_do_not_go_together(
    parts: Path, change: Callable[[Path], None] | None, more: str, val: str | None, test: str | None, message: str
) -> None:
    if change:
        change(parts)
    with pytest.raises(CnnkitError, match=message) as caught:
        load_dataset(str(parts / "a"), SPEC, SplitOptions(), folders=options(parts, more, val, test))
    assert isinstance(caught.value, DataError)


def test_a_dataset_of_its_own_takes_no_folders(parts: Path) -> None:
    with pytest.raises(UsageError, match="digits comes with all its images: further folders go with a folder alone"):
        load_dataset("digits", SPEC, SplitOptions(), folders=options(parts, "a"))


def test_the_command_takes_several_folders_and_says_in_the_config_what_they_were(parts: Path) -> None:
    out = parts / "run"
    folders = [str(parts / name) for name in "abc"]
    held = ["--val-data", str(parts / "v"), "--test-data", str(parts / "t")]
    quick = ["--arch", "conv2", "--size", "16", "--epochs", "1", "--image-cache", "0"]
    result = CliRunner().invoke(main, ["train", *folders, *held, *quick, "--out", str(out)], catch_exceptions=False)
    assert result.exit_code == 0
    assert "a+b+c: 45 training, 6 validation, 9 test images, 3 classes" in result.stderr
    config = json.loads((out / "config.json").read_text())
    assert (config["data"], config["val_data"], config["test_data"]) == ("a+b+c", "v", "t")
    assert str(parts) not in (out / "config.json").read_text() + (out / "spec.json").read_text()
    again = ["--config", str(out / "config.json"), "--out", str(parts / "again")]
    assert CliRunner().invoke(main, ["train", *folders, *held, *again], catch_exceptions=False).exit_code == 0
    assert json.loads((parts / "again" / "config.json").read_text()) == config


def test_the_run_folder_of_several_folders_is_named_after_all(parts: Path) -> None:
    from cnnkit.train.recipes.options import make_request

    request = make_request(str(parts / "a"), None, {"more_data": (str(parts / "b"), str(parts / "c"))})
    assert request.out == Path("runs/conv2-a+b+c")


def listed(root: Path, write_colours: Callable[..., None], *texts: tuple[str, str]) -> Path:
    """Images of red and blue without class folders, 6 in train and 2 in test, and lists."""
    write_colours(root.parent.parent / "source", 8)
    for number in range(8):
        for colour in ("red", "blue"):
            part = root / ("train" if number < 6 else "test")
            part.mkdir(parents=True, exist_ok=True)
            (root.parent.parent / "source" / colour / f"00{number}.png").rename(part / f"{colour}{number}.png")
    for name, text in texts:
        (root / name).write_text(text)
    return root


def rows(numbers: range) -> str:
    return "".join(f"{colour}{number},{colour}\n" for number in numbers for colour in ("red", "blue"))


def test_a_folder_with_kaggles_lists_is_trained_on(tmp_path: Path, write_colours: Callable[..., None]) -> None:
    root = listed(tmp_path / "zip" / "data", write_colours, ("train.csv", "id,label\n" + rows(range(6))))
    dataset = load_dataset(str(root), SPEC, SplitOptions())
    assert {name: len(split) for name, split in dataset.splits().items()} == {"train": 8, "validation": 2, "test": 2}
    (root / "test.csv").write_text("id,label\n" + rows(range(6, 8)))
    dataset = load_dataset(str(root.parent), SPEC, SplitOptions())  # with one more folder around it
    assert {name: len(split) for name, split in dataset.splits().items()} == {"train": 10, "validation": 2, "test": 4}
    assert dataset.labels == ("blue", "red") and dataset.test is not None
    assert [Path(path).name[:3] for path in dataset.test.paths()] == ["red", "blu"] * 2
    with pytest.raises(DataError, match="is a list of images: further folders go with a folder alone"):
        load_dataset(str(root), SPEC, SplitOptions(), folders=FolderOptions((str(root.parent.parent / "source"),)))
