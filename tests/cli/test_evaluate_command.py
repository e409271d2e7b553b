from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from corner_models import bright_corners, save_corner_onnx
from tiny_keras import KERAS_SPEC, save_tiny_keras
from tiny_models import TINY_SPEC

from cnnkit.cli import main
from cnnkit.spec import write_spec

ALWAYS = {"metrics.json", "predictions.csv", "confusion.png", "roc.png", "reliability.png"}


def evaluate(*arguments: object):
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)])


def figures(folder: Path):
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))


# Red, green and blue of each image; all differ, so that no two scores are equal but for rounding. One is no red.
PIXELS = {
    "red/1": (255, 0, 0), "red/2": (240, 10, 30), "red/3": (40, 0, 255), "green/1": (0, 255, 10),
    "green/2": (20, 240, 0), "blue/1": (0, 30, 200),
}  # fmt: skip


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder with six images in test/, of which one lies in the wrong class; the current folder is the one above."""
    for name, color in PIXELS.items():
        path = tmp_path / "data" / "test" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((9, 9, 3), color, np.uint8)[..., ::-1])
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


REPORT = """\
class          precision    recall        F1     AUC  images
red             100.00 %   66.67 %   80.00 %  0.8889       3
green           100.00 %  100.00 %  100.00 %  1.0000       2
blue             50.00 %  100.00 %   66.67 %  0.8000       1
macro mean       83.33 %   88.89 %   82.22 %  0.8963       6
weighted mean    91.67 %   83.33 %   84.44 %       -       6

top-1 83.33 % (95 % interval 43.65 to 96.99), 6 images
loss 0.6202 nats, expected calibration error 14.43 %
most confused: red taken for blue (1, 33.33 %)
written to evaluation-tiny
"""


def test_the_report_and_the_files(tiny_model, data):
    result = evaluate(tiny_model, data)
    assert (result.exit_code, result.stdout) == (0, REPORT)
    assert result.stderr == "evaluating tiny.onnx on 6 images\n"
    folder = Path("evaluation-tiny")
    assert {path.name for path in folder.iterdir()} == ALWAYS | {"mistakes.png"}
    for path in folder.glob("*.png"):
        assert min(cv2.imread(str(path)).shape[:2]) > 200
    assert figures(folder)["confusion"] == [[2, 0, 1], [0, 2, 0], [0, 0, 1]]


def test_predictions(tiny_model, data):
    (data / "test" / "green" / "3.png").write_bytes(b"")
    assert evaluate(tiny_model, "data", "--out", "new/out").exit_code == 0
    rows = list(csv.DictReader(Path("new/out/predictions.csv").read_text(encoding="utf-8").splitlines()))
    assert list(rows[0]) == [
        "source", "true", "predicted", "probability", "label_1", "probability_1", "label_2", "probability_2", "label_3",
        "probability_3", "error",
    ]  # fmt: skip
    wrong = next(row for row in rows if row["source"] == "data/test/red/3.png")
    assert (wrong["true"], wrong["predicted"], wrong["label_1"], wrong["label_2"]) == ("red", "blue", "blue", "red")
    assert float(wrong["probability"]) == float(wrong["probability_1"]) == pytest.approx(0.95001, abs=1e-5)
    assert len(rows) == 7
    assert (rows[-1]["source"], rows[-1]["true"], rows[-1]["error"]) == ("data/test/green/3.png", "", "empty file")


def test_json_is_what_the_file_holds(tiny_model, data):
    result = evaluate(tiny_model, data, "--format", "json", "--out", "out")
    assert json.loads(result.stdout) == figures(Path("out"))


def test_keras_and_onnx_give_the_same_figures(tiny_model, data, tmp_path):
    (tmp_path / "run").mkdir()
    save_tiny_keras(tmp_path / "run" / "model.keras")
    (tmp_path / "run" / "spec.json").write_text(write_spec(KERAS_SPEC))
    found = []
    typed = {tiny_model: ("--tta", "flip"), "run": ("--tta",), "run/model.keras": ("--tta", "--batch-size", 4)}
    for number, (model, tta) in enumerate(typed.items()):
        result = evaluate(model, data, "-o", number, *tta)
        assert result.exit_code == 0, result.stderr
        found.append(figures(Path(str(number))))
    for name in ("images", "top1", "low", "high", "top5", "confusion", "macro", "weighted", "auc",
                 "per_class"):  # fmt: skip
        assert found[0][name] == found[1][name] == found[2][name]
    for name in ("loss", "calibration_error"):
        assert found[1][name] == pytest.approx(found[0][name], abs=1e-6)


def test_a_random_batch_is_drawn_and_counted(tiny_model, data):
    first, second = (evaluate(tiny_model, data, "--show-batch", 4, "--seed", 7, "--out", name) for name in "ab")
    line = first.stdout.splitlines()[-2]
    assert line in ("random batch: 4 of 4 right, 100.00 %", "random batch: 3 of 4 right, 75.00 %")
    assert second.stdout.splitlines()[-2] == line
    assert Path("a/batch.png").read_bytes() == Path("b/batch.png").read_bytes()


def test_a_missing_class_is_warned_about_and_null(tiny_model, data):
    (data / "test" / "blue" / "1.png").unlink()
    result = evaluate(tiny_model, data)
    assert result.exit_code == 0
    assert result.stderr.endswith("cnnkit: warning: no images of blue: left out of the means and of AUC\n")
    assert "\nblue                   -         -         -       -       0\n" in result.stdout
    found = figures(Path("evaluation-tiny"))
    assert found["per_class"]["blue"] == {"images": 0, "precision": None, "recall": None, "f1": None, "auc": None}
    assert found["macro"]["recall"] == pytest.approx((2 / 3 + 1) / 2)


def test_a_corrupt_image_is_left_out_listed_and_counted(tiny_model, data):
    (data / "test" / "red" / "9.png").write_bytes(b"no image")
    result = evaluate(tiny_model, data)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-2:] == [
        "left out: 1 image that could not be read",
        "written to evaluation-tiny",
    ]
    assert f"cnnkit: warning: {data}/test/red/9.png: " in result.stderr
    assert (figures(Path("evaluation-tiny"))["images"], figures(Path("evaluation-tiny"))["skipped"]) == (6, 1)
    strict = evaluate(tiny_model, data, "--strict", "--out", "strict")
    assert (strict.exit_code, strict.stdout) == (1, "")
    assert "9.png" in strict.stderr and "--strict stops here" in strict.stderr
    assert not Path("strict").exists()


def test_without_mistakes_there_is_no_picture_of_them(tiny_model, data):
    assert evaluate(tiny_model, data, "--show-batch", 2).exit_code == 0
    (data / "test" / "red" / "3.png").unlink()
    assert evaluate(tiny_model, data, "--overwrite").exit_code == 0
    assert {path.name for path in Path("evaluation-tiny").iterdir()} == ALWAYS


def test_an_output_that_exists_is_kept(tiny_model, data):
    Path("evaluation-tiny").mkdir()
    result = evaluate(tiny_model, data)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "cnnkit: error: evaluation-tiny exists already: name another folder, or pass --overwrite to replace what is in "
        "it\n"
    )
    assert not list(Path("evaluation-tiny").iterdir())


@pytest.mark.parametrize(
    ("model", "argument", "line"),
    [
        pytest.param("none.onnx", "data", "there is no model file none.onnx", id="no model"),
        pytest.param("data", "data", "data holds no model.keras, expected a run folder", id="no run folder"),
        pytest.param("notes.txt", "data", "notes.txt: not a model by its name, expected .onnx, a run", id="text"),
        pytest.param("lone.keras", "data", "lone.keras has no spec.json of its own beside it", id="no spec"),
        pytest.param("tiny.onnx", "nowhere", "no dataset 'nowhere': expected digits, cifar10 or", id="no data"),
        pytest.param("tiny.onnx", "digits", "digits/9 are none of the model's classes: red, green, blue", id="labels"),
        pytest.param("tiny.onnx", "strange", "purple is none of the model's classes", id="folder"),
    ],
)  # fmt: skip
def test_errors_are_one_line_and_leave_nothing(tiny_model, data, make_image, model, argument, line):
    make_image("strange/purple/1.png")
    for name in ("notes.txt", "lone.keras"):
        Path(name).write_text("no model")
    result = evaluate(model, argument, "--out", "out")
    assert (result.exit_code, result.stdout) == (1, "")
    assert line in result.stderr and result.stderr.splitlines()[-1].startswith("cnnkit: error: ")
    assert not Path("out").exists()


def test_a_base_install_says_which_extra_is_missing(monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr("cnnkit.system.extras.find_spec", lambda name: None if name == "sklearn" else find(name))
    result = evaluate("model.onnx", "digits")
    assert (result.exit_code, result.stderr) == (
        1,
        "cnnkit: error: cnnkit evaluate needs sklearn, which is not installed: pip install 'cnnkit[train]'\n",
    )


def test_labels_that_need_care_in_pictures(make_model, make_image, tmp_path, monkeypatch):
    labels = ("$x$ costs $5", "猫", "a" * 80)
    for label, color in zip(labels, ("red", "green", "red"), strict=True):
        make_image(f"data/{label}/1.png", color)
    monkeypatch.chdir(tmp_path)
    model = make_model("care.onnx", spec=replace(TINY_SPEC, labels=labels))
    assert evaluate(model, "data", "--show-batch", 3).exit_code == 0
    assert (Path("evaluation-care") / "mistakes.png").exists()


def test_named_images_are_drawn(tiny_model, data):
    result = evaluate(tiny_model, data, "--show", "red/3.png", "--show", "data/test/blue/1.png")
    assert result.exit_code == 0, result.stderr
    folder = Path("evaluation-tiny")
    assert {path.name for path in folder.iterdir()} == ALWAYS | {"mistakes.png", "chosen.png"}
    two = cv2.imread(str(folder / "chosen.png"))
    assert evaluate(tiny_model, data, "--show", "red/3.png", "--overwrite").exit_code == 0
    assert cv2.imread(str(folder / "chosen.png")).shape[1] < two.shape[1]
    assert evaluate(tiny_model, data, "--overwrite").exit_code == 0
    assert not (folder / "chosen.png").exists()


def test_an_image_to_show_that_is_not_there_stops_before_the_work(tiny_model, data):
    result = evaluate(tiny_model, data, "--show", "3.jpg")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--show 3.jpg is none of the images: expected one of " in result.stderr
    assert not Path("evaluation-tiny").exists()


@pytest.fixture
def corners(tmp_path, monkeypatch):
    """A network that looks at the top left corner, and two images that it takes for bright ones, of which one is."""
    save_corner_onnx(tmp_path / "corner.onnx", "top left")
    for label in ("bright", "dark"):
        path = tmp_path / "photos" / label / "1.png"
        path.parent.mkdir(parents=True)
        cv2.imwrite(str(path), bright_corners()[..., ::-1])
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("tta", ["none", "flip"])
def test_what_made_the_model_answer_so_is_drawn_beside_mistakes(corners, tta):
    arguments = ("corner.onnx", "photos", "--show", "bright/1.png", "--tta", tta)
    for name, flags in (("without", ()), ("with", ("--explain",))):
        assert evaluate(*arguments, "--out", name, *flags).exit_code == 0
    for picture in ("mistakes.png", "chosen.png"):
        alone, beside = (cv2.imread(f"{name}/{picture}").astype(int) for name in ("without", "with"))
        # The lower part of a picture is its images, of pale colours; the hottest of a map over one is red.
        red = [drawn[-195:, ..., 2] - drawn[-195:, ..., 0] > 71 for drawn in (alone, beside)]
        assert red[0].sum() == 0 and red[1].sum() > 1000
        assert np.flatnonzero(red[1].any(axis=0)).min() > beside.shape[1] / 2  # of the second of two
    assert figures(Path("with")) == figures(Path("without"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("net.onnx", "provider 'armnn' is not in this onnxruntime", id="not built in"),
        pytest.param("net.keras", "is run by Keras: leave out --provider", id="Keras"),
    ],
)
def test_a_provider_that_cannot_be_used(data, tmp_path, name, said):
    path = tmp_path / name
    save_corner_onnx(path, "top left") if path.suffix == ".onnx" else path.write_bytes(b"PK")
    result = evaluate(path, data, "--provider", "armnn")
    assert (result.exit_code, said in result.stderr) == (2, True)
