from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnnkit.errors import DataError, UsageError
from cnnkit.spec import DatasetRecord, InputSpec, ModelSpec, Provenance
from cnnkit.train.data.loading import SplitOptions, load_dataset
from cnnkit.train.evaluation.data import EvaluationData, find_named, open_data

DIGITS = ModelSpec(tuple("0123456789"), InputSpec(16, 16, 1, "gray"), provenance=Provenance("1.0", seed=3))
COLOURS = ModelSpec(("blue", "green", "red"), InputSpec(8, 8, 3), provenance=Provenance("1.0", seed=3))


def read(data: EvaluationData, size: int = 50) -> tuple[np.ndarray, np.ndarray, list[str]]:
    batches = list(data.batches(size))
    assert all(len(batch.images) <= size for batch in batches)
    images, targets = (np.concatenate([getattr(batch, name) for batch in batches]) for name in ("images", "targets"))
    return images, targets, [source for batch in batches for source in batch.sources]


@pytest.mark.parametrize("split", [None, "test", "val", "train"])
def test_digits_are_divided_as_the_training_with_that_seed_divided_them(split: str | None) -> None:
    data = open_data("digits", split, DIGITS)  # type: ignore[arg-type]
    dataset = load_dataset("digits", DIGITS.input, SplitOptions(seed=3))
    expected = {"train": dataset.train, "val": dataset.validation}.get(split or "", dataset.test)
    images, targets, sources = read(data)
    assert expected is not None and data.count == len(expected)
    np.testing.assert_array_equal(images, expected.images)
    np.testing.assert_array_equal(targets, expected.targets)
    assert sources == [str(index) for index in range(len(expected))]


def test_labels_are_matched_by_name() -> None:
    turned = replace(DIGITS, labels=tuple("9876543210"))
    _, targets, _ = read(open_data("digits", None, turned))
    _, straight, _ = read(open_data("digits", None, DIGITS))
    np.testing.assert_array_equal(targets, 9 - straight)


@pytest.mark.parametrize("split", ["test", "val", "train"])
@pytest.mark.parametrize("divided", [False, True], ids=["class folders", "train and test"])
def test_a_folder_is_divided_as_the_training_divided_it(
    tmp_path: Path, write_colours: Callable[..., None], split: str, divided: bool
) -> None:
    for seed, name in enumerate(("train", "test") if divided else (".",)):
        write_colours(tmp_path / name, 20, seed)
    folder = tmp_path / ("train" if divided else ".")
    (folder / "green" / "005.png").write_bytes(b"broken")
    data = open_data(str(tmp_path), split, COLOURS)  # type: ignore[arg-type]
    dataset = load_dataset(str(tmp_path), COLOURS.input, SplitOptions(seed=3))
    expected = {"train": dataset.train, "val": dataset.validation, "test": dataset.test}[split]
    assert expected is not None
    images, targets, _ = read(data)
    np.testing.assert_array_equal(images, expected.images)
    np.testing.assert_array_equal(targets, expected.targets)
    if not (divided and split == "test"):
        assert [Path(failure.source).name for failure in data.failures] == ["005.png"]


@pytest.mark.parametrize(
    ("folders", "split", "taken"),
    [
        pytest.param(("train", "test"), None, "test", id="test is the default"),
        pytest.param(("train", "val", "test"), "val", "val", id="val"),
        pytest.param(("train", "val"), "train", "train", id="train beside val"),
    ],
)
def test_split_folders_are_taken_whole(
    tmp_path: Path, write_colours: Callable[..., None], folders: tuple[str, ...], split: str | None, taken: str
) -> None:
    for name in folders:
        write_colours(tmp_path / name, 3)
    _, _, sources = read(open_data(str(tmp_path), split, COLOURS))  # type: ignore[arg-type]
    assert len(sources) == 9 and {Path(source).parents[1].name for source in sources} == {taken}


def test_class_folders_are_all_taken(colour_folder: Path) -> None:
    assert open_data(str(colour_folder), None, COLOURS).count == 60


def test_a_folder_with_lists_is_taken_as_in_training(colour_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = colour_folder.parent / "export"
    for part, colour in (("train", "red"), ("test", "blue")):
        (root / "name" / part).mkdir(parents=True)
        for path in sorted((colour_folder / colour).glob("00[0-4].png")):
            path.rename(root / "name" / part / path.name)
        rows = [f"00{number}.png,{number % 2},{(number + 1) % 2}" for number in range(5)]
        (root / "name" / part / "_classes.csv").write_text("\n".join(["filename,green,red", *rows]))
    trained = recorded("export", train=5, validation=1, test=5)
    _, targets, sources = read(open_data(str(root), None, trained))
    assert {Path(source).parent.name for source in sources} == {"test"}
    assert [COLOURS.labels[target] for target in targets] == ["red", "green", "red", "green", "red"]
    assert open_data(str(root), "train", COLOURS).count == 5
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


def recorded(name: str, **images: int) -> ModelSpec:
    return replace(COLOURS, provenance=Provenance("1.0", seed=3, dataset=DatasetRecord(name, images, "0" * 64)))


@pytest.mark.parametrize(
    ("spec", "split", "warning"),
    [
        pytest.param(recorded("colours", train=42, validation=6, test=12), None, "--split test takes", id="all images"),
        pytest.param(recorded("colours", train=42, validation=6, test=12), "test", None, id="as in training"),
        pytest.param(
            recorded("colours", train=28, validation=20, test=12), "val",
            "the val split has 6 images here and had 20 in training", id="another share",
        ),
        pytest.param(recorded("others", train=9), None, None, id="other data"),
    ],
)  # fmt: skip
def test_images_that_may_have_trained_the_model_are_warned_about(
    colour_folder: Path, caplog: pytest.LogCaptureFixture, spec: ModelSpec, split: str | None, warning: str | None
) -> None:
    open_data(str(colour_folder), split, spec)  # type: ignore[arg-type]
    assert (warning in caplog.text) if warning else not caplog.records


def test_a_model_without_a_seed_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    open_data("digits", None, replace(DIGITS, provenance=None))
    assert "does not say its training's seed" in caplog.text


@pytest.mark.parametrize(
    ("folders", "split", "message"),
    [
        pytest.param((), None, "holds no folders", id="empty"),
        pytest.param(("cat", "dog", "red"), None, r"cat, .*dog are none of the model's classes: blue", id="strangers"),
        pytest.param(("train/red",), "test", "has a folder train and none named test", id="no test folder"),
        pytest.param(("train/red", "val/red"), None, "holds the folders train, val", id="no default"),
    ],
)
def test_folders_that_cannot_be_evaluated_on(
    tmp_path: Path, make_image: Callable[..., Path], folders: tuple[str, ...], split: str | None, message: str
) -> None:
    for name in folders:
        make_image(f"data/{name}/1.png")
    (tmp_path / "data").mkdir(exist_ok=True)
    with pytest.raises(DataError, match=message):
        open_data(str(tmp_path / "data"), split, COLOURS)  # type: ignore[arg-type]


def test_data_of_other_classes_names_them() -> None:
    with pytest.raises(DataError, match=r"^digits/0, .*digits/9 are none of the model's classes: blue, green, red$"):
        open_data("digits", None, COLOURS)


PATHS = ("data/test/cat/1.png", "data/test/cat/2.png", "data/test/dog/1.png", "data/test/dog/11.png")


@pytest.mark.parametrize(
    ("names", "sources"),
    [
        pytest.param((), (), id="none"),
        pytest.param(("data/test/dog/1.png",), ("data/test/dog/1.png",), id="a path"),
        pytest.param(("dog/1.png", "2.png"), ("data/test/dog/1.png", "data/test/cat/2.png"), id="ends of paths"),
        pytest.param(("./data/test/cat/../dog/11.png",), ("data/test/dog/11.png",), id="another path"),
        pytest.param(("2.png", "cat/2.png"), ("data/test/cat/2.png",), id="twice"),
    ],
)
def test_images_are_found_by_name(names: tuple[str, ...], sources: tuple[str, ...]) -> None:
    assert find_named(names, EvaluationData(PATHS, lambda size: iter(()))) == sources


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        pytest.param("1.png", "fits 2 images, the first data/test/cat/1.png: expected", id="two"),
        pytest.param("3.png", "is none of the images: expected one of data/test/cat/1.png to data/", id="none"),
        pytest.param("og/1.png", "is none of the images", id="half a name"),
    ],
)
def test_a_name_that_fits_no_image_or_several_is_refused(name: str, wrong: str) -> None:
    with pytest.raises(UsageError, match=f"--show {name} {wrong}"):
        find_named(("2.png", name), EvaluationData(PATHS, lambda size: iter(())))


@pytest.mark.parametrize("split", ["test", "val"])
def test_listed_sources_are_those_of_the_batches(
    tmp_path: Path, write_colours: Callable[..., None], split: str
) -> None:
    write_colours(tmp_path, 20)
    for data in (open_data(str(tmp_path), split, COLOURS), open_data("digits", split, DIGITS)):  # type: ignore[arg-type]
        assert list(data.sources) == read(data)[2] and len(data.sources) == data.count
