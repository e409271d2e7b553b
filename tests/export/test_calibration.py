from __future__ import annotations

import logging
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_cnn import SMALL_SPEC, write_class_folders

from cnnkit.errors import DataError, SourceError
from cnnkit.export.calibration import CalibrationReader
from cnnkit.export.options import QuantizeOptions
from cnnkit.export.quantization.held_out import choose_held_out
from cnnkit.sources.calibration_images import calibration_paths, calibration_size, draw_balanced, read_calibration
from cnnkit.system.files import sha256

COUNTS = {"a": 10, "b": 4, "c": 10}
PATHS = {Path(name, f"{index}.png"): name for name, count in COUNTS.items() for index in range(count)}


@pytest.mark.parametrize(
    ("count", "by_class"),
    [
        pytest.param(9, {"a": 3, "b": 3, "c": 3}, id="as many of each"),
        pytest.param(18, {"a": 7, "b": 4, "c": 7}, id="a small class runs out"),
        pytest.param(99, {"a": 10, "b": 4, "c": 10}, id="all there are"),
        pytest.param(2, {"a": 1, "b": 1}, id="fewer than classes"),
    ],
)
def test_draw_is_balanced(count, by_class):
    assert Counter(draw_balanced(PATHS, count, 0).values()) == by_class


def test_draw_follows_the_seed():
    assert draw_balanced(PATHS, 6, 1) == draw_balanced(PATHS, 6, 1)
    assert draw_balanced(PATHS, 6, 1) != draw_balanced(PATHS, 6, 2)


def test_the_fingerprint_follows_content_not_names(tmp_path):
    first = read_calibration(write_class_folders(tmp_path / "one", 12), 99, SMALL_SPEC.input, 0)
    write_class_folders(tmp_path / "two", 12)
    for index, path in enumerate(sorted((tmp_path / "two").rglob("*.png"))):
        path.rename(tmp_path / "two" / f"{index}.png")
    second = read_calibration(tmp_path / "two", 99, SMALL_SPEC.input, 5)
    other = read_calibration(write_class_folders(tmp_path / "three", 12, seed=1), 99, SMALL_SPEC.input, 0)
    assert first.fingerprint == second.fingerprint != other.fingerprint
    assert first.images.shape == (36, 16, 16, 3)


def test_training_images_calibrate_where_there_is_a_train_folder(tmp_path):
    write_class_folders(tmp_path / "train", 1)
    write_class_folders(tmp_path / "test", 1, seed=1)
    paths = calibration_paths(tmp_path)
    assert {path.parent.parent.name for path in paths} == {"train"}
    assert set(paths.values()) == set(SMALL_SPEC.labels)


def test_images_below_a_class_folder_are_of_that_class(tmp_path):
    for name in ("cat/young/1.png", "cat/2.png", "dog/a/b/3.png", "4.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    classes = {path.name: name for path, name in calibration_paths(tmp_path).items()}
    assert classes == {"1.png": "cat", "2.png": "cat", "3.png": "dog", "4.png": ""}


def test_corrupt_images_are_reported_and_left_out(tmp_path, caplog):
    write_class_folders(tmp_path, 12)
    (tmp_path / "red" / "broken.png").write_bytes(b"no image")
    with caplog.at_level(logging.WARNING, logger="cnnkit"):
        calibration = read_calibration(tmp_path, 99, SMALL_SPEC.input, 0)
    assert len(calibration.images) == len(calibration.hashes) == 36
    (message,) = [record.message for record in caplog.records]
    assert message.startswith(str(tmp_path / "red" / "broken.png") + ": ")
    assert message.endswith("(left out)")


def test_few_images_are_warned_about(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, logger="cnnkit"):
        read_calibration(write_class_folders(tmp_path, 2), 99, SMALL_SPEC.input, 0)
    assert "6 calibration images are few: 32 or more give safer ranges" in caplog.text


def test_no_folder(tmp_path):
    with pytest.raises(SourceError, match="no such folder, expected a folder of images"):
        read_calibration(tmp_path / "missing", 9, SMALL_SPEC.input, 0)


@pytest.mark.parametrize("names", [(), ("notes.txt",), ("broken.jpg",)], ids=["empty", "no images", "only corrupt"])
def test_nothing_to_calibrate_with(tmp_path, names):
    for name in names:
        (tmp_path / name).write_bytes(b"?")
    with pytest.raises(DataError, match="holds no readable image"):
        read_calibration(tmp_path, 9, SMALL_SPEC.input, 0)


def test_the_reader_gives_each_batch_once_and_parts_on_demand():
    images = np.repeat(np.arange(7, dtype=np.uint8), 16 * 16 * 3).reshape(7, 16, 16, 3)
    reader = CalibrationReader(images, SMALL_SPEC.input, "image", 2)

    def rest() -> list[list[int]]:
        return [feed["image"][:, 0, 0, 0].tolist() for feed in iter(reader.get_next, None)]

    assert len(reader) == 4
    assert rest() == [[0, 1], [2, 3], [4, 5], [6]]
    reader.set_range(1, 3)
    assert rest() == [[2, 3], [4, 5]]


@pytest.mark.parametrize(("there", "wanted", "size"), [(63, 500, 500), (100, 500, 75), (100, 20, 20), (4000, 500, 500)])
def test_a_quarter_is_left_to_measure_on(tmp_path, there, wanted, size):
    for index in range(there):
        (tmp_path / f"{index}.png").touch()
    assert calibration_size(tmp_path, wanted) == size


def options(calibration: Path, data: Path | None = None) -> QuantizeOptions:
    return QuantizeOptions(Path("model.onnx"), calibration, Path("out.onnx"), data=data)


def test_calibration_images_are_left_out_by_content(tmp_path):
    data = write_class_folders(tmp_path / "data", 2)
    copied = sorted(data.rglob("*.png"))[0]
    held = choose_held_out(options(tmp_path, data), frozenset({sha256(copied)}), SMALL_SPEC)
    assert len(held.paths) == 5
    assert copied not in held.paths
    assert [SMALL_SPEC.labels[target] for target in held.targets] == [path.parent.name for path in held.paths]


def test_the_test_folder_of_data_is_measured_on(tmp_path):
    write_class_folders(tmp_path / "train", 1)
    write_class_folders(tmp_path / "test", 1, seed=1)
    held = choose_held_out(options(tmp_path, tmp_path), frozenset(), SMALL_SPEC)
    assert {path.parent.parent.name for path in held.paths} == {"test"}


def listed(root: Path, split: str) -> Path:
    """Class folders of two images, and a list of them in which the first of each class has another label."""
    paths = sorted(write_class_folders(root, 2).rglob("*.png"))
    rows = [f"{path.relative_to(root)},{'red' if place % 2 else 'blue'},{split}" for place, path in enumerate(paths)]
    (root / "list.csv").write_text("\n".join(["file,label,split", *rows]))
    return root / "list.csv"


def test_a_list_says_the_labels(tmp_path):
    data = listed(tmp_path, "test")
    held = choose_held_out(options(tmp_path, data), frozenset(), SMALL_SPEC)
    assert sorted(SMALL_SPEC.labels[target] for target in held.targets) == ["blue"] * 3 + ["red"] * 3
    with pytest.raises(DataError, match=r"red is none of the model's classes"):
        choose_held_out(options(tmp_path, data), frozenset(), replace(SMALL_SPEC, labels=("blue", "green")))
    with pytest.raises(DataError, match=r"list.csv lists no training images: give others"):
        calibration_paths(data)


def test_a_list_calibrates(tmp_path):
    assert sorted(calibration_paths(listed(tmp_path, "train")).values()) == ["blue"] * 3 + ["red"] * 3
    assert len(read_calibration(tmp_path / "list.csv", 4, SMALL_SPEC.input, 0).images) == 4


def test_a_flat_folder_has_no_targets(tmp_path, colours):
    (tmp_path / "photo.png").write_bytes(next(colours.rglob("*.png")).read_bytes())
    held = choose_held_out(options(tmp_path, tmp_path), frozenset(), SMALL_SPEC)
    assert ([path.name for path in held.paths], held.targets) == (["photo.png"], None)


def test_what_calibration_leaves_over(colours):
    calibration = read_calibration(colours, 48, SMALL_SPEC.input, 0)
    held = choose_held_out(options(colours), calibration.hashes, SMALL_SPEC)
    assert len(held.paths) == len(held.targets) == 72
    assert not {sha256(path) for path in held.paths} & calibration.hashes


def test_left_over_folders_that_are_no_labels_give_no_targets(colours):
    others = replace(SMALL_SPEC, labels=("cat", "dog", "red"))
    assert choose_held_out(options(colours), frozenset(), others).targets is None


def test_too_little_left_over(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, logger="cnnkit"):
        held = choose_held_out(options(write_class_folders(tmp_path, 10)), frozenset(), SMALL_SPEC)
    assert held is None
    assert "too few images are left to measure the loss of accuracy: name others with --data" in caplog.text


@pytest.mark.parametrize(
    ("labels", "used", "error", "message"),
    [
        pytest.param(("blue", "green", "rot"), False, DataError, "red is none of the model's classes", id="class"),
        pytest.param(SMALL_SPEC.labels, True, DataError, "holds no image beside those that calibrate", id="all used"),
    ],
)
def test_data_that_cannot_be_measured_on(tmp_path, labels, used, error, message):
    data = write_class_folders(tmp_path / "data", 1)
    hashes = frozenset(sha256(path) for path in data.rglob("*.png")) if used else frozenset()
    with pytest.raises(error, match=message):
        choose_held_out(options(tmp_path, data), hashes, replace(SMALL_SPEC, labels=labels))


def test_data_that_is_no_folder(tmp_path):
    with pytest.raises(SourceError, match=r"--data .*: no such folder"):
        choose_held_out(options(tmp_path, tmp_path / "missing"), frozenset(), SMALL_SPEC)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_cannot_be_read_neither_stops_nor_blocks(tmp_path, caplog):
    root = write_class_folders(tmp_path / "set", 30)
    os.mkfifo(root / SMALL_SPEC.labels[0] / "pipe.png")
    (root / SMALL_SPEC.labels[1] / "broken.png").symlink_to("nowhere")
    calibration = read_calibration(root, 40, SMALL_SPEC.input, 0)
    options = QuantizeOptions(tmp_path / "a.onnx", root, tmp_path / "b.onnx")
    held_out = choose_held_out(options, calibration.hashes, SMALL_SPEC)
    assert held_out is not None
    measured = sum(len(images) for images, *_ in held_out.chunks(SMALL_SPEC.input))
    assert len(calibration.images) + measured == 90
    assert "pipe.png" in caplog.text and "broken.png" in caplog.text
