"""Models whose labels do not exclude one another, in every command of the light core."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from io import StringIO

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from tiny_models import COLORS, TINY_SPEC, build_tiny_onnx

from cnnkit.cli import main
from cnnkit.runtime import encode_golden
from cnnkit.runtime.model import load_model

SPEC = replace(TINY_SPEC, output="independent-logits", limits=(0.6, 0.6, 0.9))
IMAGES = {"red": (255, 0, 0), "yellow": (255, 255, 0), "white": (255, 255, 255), "dim": (0, 80, 200), "black": (0,) * 3}
# sigmoid(4 * brightness / 255) of each colour
EXPECTED = {
    "red": ("red", [("red", 0.982)]),
    "yellow": ("red, green", [("red", 0.982), ("green", 0.982)]),
    "white": ("red, green, blue", [("red", 0.982), ("green", 0.982), ("blue", 0.982)]),
    "dim": ("green, blue", [("blue", 0.958), ("green", 0.778)]),
    "black": ("none", []),
}


def images():
    return np.stack([np.full((8, 8, 3), colour, np.uint8) for colour in IMAGES.values()])


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "labels.onnx"
    path.write_bytes(build_tiny_onnx(SPEC, output="logits"))
    answers = load_model(path).classifier.probabilities(images())
    spec = replace(SPEC, golden=encode_golden(images(), answers))
    path.write_bytes(build_tiny_onnx(spec, output="logits"))
    return path


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, colour in IMAGES.items():
        cv2.imwrite(str(folder / f"{name}.png"), np.full((9, 9, 3), colour[::-1], np.uint8))
    return folder


def run(*words):
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done


def rounded(top):
    return [(each["label"], round(each["probability"], 3)) for each in top]


@pytest.mark.parametrize("style", ["json", "jsonl"])
def test_rows_list_every_label_that_reaches_its_limit(model, photos, style):
    given = run("predict", photos, "-m", model, "--format", style, "--top-k", "1").stdout
    rows = json.loads(given) if style == "json" else [json.loads(line) for line in given.splitlines()]
    found = {row["source"].split("/")[-1][:-4]: (row["label"], rounded(row["top"])) for row in rows}
    assert found == EXPECTED
    black = next(row for row in rows if row["source"].endswith("black.png"))
    assert (black["confidence"], black["error"]) == (0.5, None)


def test_csv_has_room_for_every_label(model, photos):
    heading, *rows = csv.reader(StringIO(run("predict", photos, "-m", model, "--format", "csv").stdout))
    ranked = [f"{name}_{rank}" for rank in (1, 2, 3) for name in ("label", "probability")]
    assert heading[1:9] == ["label", "confidence", *ranked]
    by_name = {row[0].split("/")[-1]: row for row in rows}
    assert (by_name["yellow.png"][1], by_name["yellow.png"][3:9:2]) == ("red, green", ["red", "green", ""])
    assert (by_name["black.png"][1], by_name["black.png"][3:9:2]) == ("none", ["", "", ""])


def test_tables(model, photos):
    table = run("predict", photos, "-m", model).stdout
    assert "red, green, blue" in table and "none" in table
    one = run("predict", photos / "dim.png", "-m", model).stdout.splitlines()
    assert one[0].endswith("dim.png: green, blue")
    assert [line.split() for line in one[2:]] == [["blue", "95.8", "%"], ["green", "77.8", "%"]]
    assert "black.png: none" in run("predict", photos / "black.png", "-m", model).stdout


@pytest.mark.parametrize(("least", "expected"), [("0.4", "red, green, blue"), ("0.99", "none")])
def test_one_limit_for_all(model, photos, least, expected):
    rows = json.loads(run("predict", photos, "-m", model, "--format", "json", "--min-confidence", least).stdout)
    assert {row["label"] for row in rows} == {expected}


def test_what_is_drawn_and_sorted(model, photos, tmp_path):
    run("predict", photos, "-m", model, "--annotate", tmp_path / "drawn", "--sort-into", tmp_path / "sorted",
        "--grid", tmp_path / "grid.png")  # fmt: skip
    assert len(list((tmp_path / "drawn").iterdir())) == len(IMAGES)
    assert (tmp_path / "sorted" / "none" / "black.png").exists()


def test_python(model):
    loaded = load_model(model)
    assert loaded.predict(images()[1]).label == "red, green"
    assert loaded.predict(images()[4])[:3] == ("none", 0.5, ())


def test_webcam(model, tmp_path):
    film = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter_fourcc(*"MJPG"), 10, (32, 32))
    for name in ("black", "yellow"):
        for _ in range(3):
            writer.write(np.full((32, 32, 3), IMAGES[name][::-1], np.uint8))
    writer.release()
    call = ["webcam", "--source", film, "-m", model, "--headless", "--smooth", "0", "--every", "0"]
    rows = [json.loads(line) for line in run(*call, "--record", tmp_path / "out.mp4").stdout.splitlines()]
    labels = [row["label"] for row in rows if row.get("label")]
    assert (labels[0], labels[-1]) == ("none", "red, green")
    assert {each["label"] for each in rows[-1]["top"]} == {"red", "green"}


def test_verify_and_info(model):
    assert run("verify", model).stdout.splitlines()[1].split()[-1] == "pass"
    facts = json.loads(run("info", model, "--format", "json").stdout)["spec"]
    assert (facts["spec_version"], facts["output"], facts["limits"]) == (2, "independent-logits", [0.6, 0.6, 0.9])
    assert "independent" in run("info", model).stdout


def test_verify_sees_a_label_on_the_other_side_of_its_limit(model, tmp_path):
    answers = np.array([image.probabilities for image in load_model(model).spec.golden], np.float32)
    answers[0, 1] = 0.7  # green was said of red
    spec = replace(SPEC, golden=encode_golden(images(), answers), tolerance=replace(SPEC.tolerance,
                   max_probability_difference=0.5))  # fmt: skip
    model.write_bytes(build_tiny_onnx(spec, output="logits"))
    done = CliRunner().invoke(main, ["verify", str(model)])
    assert (done.exit_code, "1 of 5 labels (allowed 0)" in done.stderr) == (1, True)


def test_explain(model, photos):
    rows = json.loads(run("explain", model, photos / "dim.png", "--format", "json").stdout)
    assert (rows[0]["label"], rows[0]["explained"]) == ("green, blue", "blue")


def test_colours_are_those_of_the_labels():
    assert tuple(COLORS)[:3] == SPEC.labels
