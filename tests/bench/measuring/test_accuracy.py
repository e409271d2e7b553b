from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_models import TINY_SPEC

from cnnkit.bench.measuring.accuracy import classify_all, list_data
from cnnkit.bench.options import BenchOptions
from cnnkit.errors import CnnkitError, DataError
from cnnkit.spec import DatasetRecord, Provenance

OPTIONS = BenchOptions((Path("tiny.onnx"),))


@pytest.fixture
def data(make_image, tmp_path):
    """Two red images and a green one."""
    for name in ("red/1.png", "red/2.png", "green/1.png"):
        make_image(f"data/{name}", name.split("/")[0])
    return tmp_path / "data"


def test_all_contenders_answer_the_same_images(data, make_contender, fake_runner):
    contenders = [make_contender("a"), make_contender("b")]
    runners = {"a": fake_runner(answers=(0, 0, 1)), "b": fake_runner(answers=(0, 2, 1))}
    one, answers = classify_all(contenders, runners, OPTIONS, list_data(data, contenders))
    assert list(one.ranked) == ["a"]
    np.testing.assert_array_equal(np.sort(answers.targets), [0, 0, 1])
    assert {name: answers.predicted(name).tolist() for name in "ab"} == {"a": [0, 0, 1], "b": [0, 2, 1]}


def test_images_are_made_once_for_each_size(data, make_contender):
    class Looking:
        def __init__(self):
            self.seen = []

        def classify(self, images, batch_size):
            pixels = np.load(images)
            self.seen.append((images.name, pixels.shape, pixels.dtype.name))
            return [[0]] * len(pixels)

    large = replace(TINY_SPEC, input=replace(TINY_SPEC.input, height=16))
    floating = replace(TINY_SPEC, input=replace(TINY_SPEC.input, dtype="float32", layout="nchw", scale=2.0))
    contenders = [make_contender(name, spec=spec) for name, spec in [("a", TINY_SPEC), ("b", large), ("c", floating)]]
    runners = {name: Looking() for name in "abc"}
    list(classify_all(contenders, runners, OPTIONS, list_data(data, contenders)))
    assert runners["a"].seen == runners["c"].seen == [("0.npy", (3, 8, 8, 3), "uint8")]
    assert runners["b"].seen == [("1.npy", (3, 16, 8, 3), "uint8")]


class Reading:
    """Answers each image with the number that its pixels are."""

    def classify(self, images, batch_size):
        return [[int(pixels.mean())] for pixels in np.load(images)]


@pytest.fixture
def numbered(tmp_path):
    """Twelve images of two classes, the pixels of each its number; of the third and the last nothing can be read."""
    for number in range(12):
        path = tmp_path / "data" / ("red" if number < 6 else "green") / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = cv2.imencode(".png", np.full((8, 8, 3), number, np.uint8))[1].tobytes()
        path.write_bytes(b"no image" if number in (2, 11) else image)
    return tmp_path / "data"


@pytest.mark.parametrize("images_a_part", [1, 5, 100])
def test_many_images_are_read_in_parts_and_answered_in_order(numbered, make_contender, caplog, images_a_part):
    contenders = [make_contender("a"), make_contender("b")]
    options, files = replace(OPTIONS, data=numbered), list_data(numbered, contenders)
    runners = {"a": Reading(), "b": Reading()}
    *_, answers = found = list(classify_all(contenders, runners, options, files, part_bytes=images_a_part * 8 * 8 * 3))
    expected = [6, 7, 8, 9, 10, 0, 1, 3, 4, 5]
    assert [int(Path(image).stem) for image in answers.images] == expected
    assert answers.predicted("a").tolist() == answers.predicted("b").tolist() == expected
    assert answers.targets.tolist() == [1] * 5 + [0] * 5
    assert [list(each.ranked) for each in found[:3]] == [["a"], ["a", "b"], ["a", "b"]][: len(found)]
    sizes = [len(each.targets) for each in found]
    assert sizes == sorted(sizes) and sizes[-1] == 10
    assert len([message for message in caplog.messages if ".png" in message]) == 2
    assert (answers.left_out, len(answers.file_bytes), min(answers.file_bytes) > 50) == (2, 10, True)


def test_images_of_which_none_can_be_read_any_more(numbered, make_contender):
    files = list_data(numbered, [make_contender()])
    for path in files.paths:
        path.unlink()
    with pytest.raises(DataError, match="none of 12 images can be read"):
        list(classify_all([make_contender()], {"tiny": Reading()}, OPTIONS, files, part_bytes=500))


def test_the_test_split_is_taken(make_image, make_contender, tmp_path):
    make_image("data/train/red/1.png")
    make_image("data/test/red/2.png")
    files = list_data(tmp_path / "data", [make_contender()])
    assert [path.name for path in files.paths] == ["2.png"]


def test_a_list_of_files_and_labels_is_data_as_well(data, make_contender, fake_runner):
    (data / "list.csv").write_text("file,label\nred/1.png,red\nred/2.png,green\n")
    contenders = [make_contender()]
    files = list_data(data / "list.csv", contenders)
    options = replace(OPTIONS, data=data / "list.csv")
    (answers,) = classify_all(contenders, {"tiny": fake_runner(answers=(0, 0))}, options, files)
    assert answers.images == ("red/1.png", "red/2.png")
    assert [TINY_SPEC.labels[target] for target in answers.targets] == ["red", "green"]
    (data / "list.csv").write_text("file,label\nred/1.png,purple\n")
    with pytest.raises(DataError, match="purple is none of the model's classes"):
        list_data(data / "list.csv", contenders)


def test_a_list_that_trained_the_model_flatters_it(data, make_contender, caplog):
    (data / "list.csv").write_text("file,label\nred/1.png,red\ngreen/1.png,green\n")
    record = DatasetRecord("list.csv", {}, "0" * 64)
    contender = make_contender(spec=replace(TINY_SPEC, provenance=Provenance("1.0", dataset=record)))
    list_data(data / "list.csv", [contender])
    assert "images of list.csv trained the model" in caplog.text
    caplog.clear()
    (data / "list.csv").write_text(
        "file,label,split\nred/1.png,red,train\nred/2.png,green,train\ngreen/1.png,green,test\n"
    )
    assert [path.parent.name for path in list_data(data / "list.csv", [contender]).paths] == ["green"]
    assert not caplog.text


def test_a_corrupt_image_is_warned_about_and_left_out(data, make_contender, fake_runner, caplog):
    (data / "red" / "3.png").write_bytes(b"no image")
    contenders = [make_contender()]
    (answers,) = classify_all(
        contenders, {"tiny": fake_runner(answers=(0, 0, 1))}, OPTIONS, list_data(data, contenders)
    )
    assert len(answers.targets) == 3
    assert [record.levelname for record in caplog.records if "3.png" in record.getMessage()] == ["WARNING"]


@pytest.mark.parametrize(
    "folders",
    [
        pytest.param(None, id="no folder"),
        pytest.param((), id="empty folder"),
        pytest.param(("red", "purple"), id="a class the model does not know"),
    ],
)
def test_data_that_is_not_the_models(tmp_path, make_contender, make_image, folders):
    for name in folders or ():
        make_image(f"data/{name}/1.png")
    if folders == ():
        (tmp_path / "data").mkdir()
    with pytest.raises(CnnkitError) as caught:
        list_data(tmp_path / "data", [make_contender()])
    assert isinstance(caught.value, DataError)
    assert "\n" not in str(caught.value)
