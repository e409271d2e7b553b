"""Lists in which an image has several labels, or none."""

from __future__ import annotations

import pytest
from PIL import Image

from cnnkit.errors import DataError
from cnnkit.sources.calibration_images import calibration_paths
from cnnkit.sources.listed_folders import list_listed, list_test_files, list_test_images

ONE_HOT = "file,ant,bee,cat\na,1,0,0\nb,1,1,0\nc,0,0,0\nd,0,1,1\ne,1,1,0\n"
CELLS = "file,labels,split\na,ant,train\nb,bee|ant,train\nc,,train\nd,bee; cat,test\ne,ant|bee|,train\n"
NAMED = {"a": "ant", "b": "ant, bee", "c": "none", "d": "bee, cat", "e": "ant, bee"}


@pytest.fixture
def listed(tmp_path):
    def write(text):
        for name in NAMED:
            Image.new("RGB", (4, 4)).save(tmp_path / f"{name}.png")
        (tmp_path / "labels.csv").write_text(text)
        return tmp_path / "labels.csv"

    return write


def named(files):
    return {path.stem: files.labels[target] for path, target in zip(files.paths, files.targets, strict=True)}


@pytest.mark.parametrize(("text", "where"), [(ONE_HOT, None), (ONE_HOT.replace("file", "id"), None), (CELLS, "train")])
def test_sets_of_labels(listed, text, where):
    parts = list_listed(listed(text), ("ant", "bee", "cat"), several=True)
    files = parts[where]
    assert (files.names, set(files.labels)) == (("ant", "bee", "cat"), {"none", "ant", "ant, bee", "bee, cat"})
    assert dict(zip(files.labels, files.sets, strict=True))["bee, cat"] == ("bee", "cat")
    assert {**named(files), **(named(parts["test"]) if where else {})} == NAMED


def test_names_come_from_the_list(listed):
    assert list_listed(listed(ONE_HOT), several=True)[None].names == ("ant", "bee", "cat")
    with pytest.raises(DataError, match=r"cat is none of the model's classes|cat"):  # it is in no training image
        list_listed(listed(CELLS), several=True)
    assert list_test_files(listed(CELLS), ("ant", "bee", "cat"), several=True).names == ("ant", "bee", "cat")


def test_a_list_of_one_label_each_stays_one(listed):
    files = list_listed(listed("file,ant,bee\na,1,0\nb,0,1\n"), several=True)[None]
    assert (files.labels, files.names, files.sets) == (("ant", "bee"), (), ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            ONE_HOT,
            r"labels.csv gives several labels an image \(line 3: b has ant, bee\), expected one here: cnnkit train",
        ),
        (CELLS, r"labels.csv gives several labels an image \(line 3: b has bee, ant\), expected one here"),
        ("file,ant,bee\na,0,0\nb,1,1\n", r"gives several labels an image \(line 3: b has ant, bee\)"),
        ("file,ant,bee\na,0,0\nb,1,0\n", "line 2: a has no label: add one, or take the line out"),
        ("file,label\na,ant;bee\nb,\n", r"gives several labels an image \(line 2: a has ant, bee\)"),
    ],
)
def test_where_one_label_is_needed(listed, text, message):
    with pytest.raises(DataError, match=message):
        list_listed(listed(text))


def test_a_mark_behind_one_label_is_no_second(listed):
    files = list_listed(listed("file,label\na,ant;\nb,;bee\nc,ant\n"))[None]
    assert named(files) == {"a": "ant", "b": "bee", "c": "ant"}


@pytest.mark.parametrize(
    ("labels", "text", "message"),
    [
        (None, "file,size,ant\na,1,ant|ant\nb,2,\n", "and none of labels"),
        (None, "file,label\na,ant|ant\nb,\n", "holds one label .ant., expected at least two"),
        (("ant", "bee"), ONE_HOT, "cat"),
        (None, "file,label\na,ant|none\nb,ant\n", "labels.csv names 'none', expected names without comma and space"),
    ],
)
def test_lists_that_cannot_be_learned(listed, labels, text, message):
    with pytest.raises(DataError, match=message):
        list_listed(listed(text), labels, several=True)


def test_images_alone(listed):
    path = listed(ONE_HOT)
    assert len(list_test_images(path)) == len(calibration_paths(path)) == 5
