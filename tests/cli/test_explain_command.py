from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from corner_models import bright_corners, corner_keras, corner_spec, save_corner_onnx

from cnnkit.cli import main
from cnnkit.spec import write_spec


def explain(*arguments: object) -> Any:
    return CliRunner().invoke(main, ["explain", *map(str, arguments)])


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a network that looks at the top right corner, a photo of 64 x 64 pixels, and a bad one."""
    save_corner_onnx(tmp_path / "corner.onnx", "top right")
    photo = cv2.resize(bright_corners(), (64, 64), interpolation=cv2.INTER_NEAREST)
    cv2.imwrite(str(tmp_path / "photo.png"), photo[..., ::-1])
    cv2.imwrite(str(tmp_path / "even.png"), np.full((40, 40, 3), 30, np.uint8))
    (tmp_path / "bad.jpg").write_bytes(b"no photo")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run_folder(here: Path) -> Path:
    """The same network as the model.keras of a run."""
    folder = here / "run"
    folder.mkdir()
    corner_keras("top right").save(folder / "model.keras")
    (folder / "spec.json").write_text(write_spec(corner_spec(dtype="float32")), encoding="utf-8")
    return folder


TABLE = """\
photo      answer  confidence  carried by               without it  confidence  falls to
photo.png  bright     99.99 %  20 x 20 pixels at 44, 0  dark           94.31 %    5.69 %
even.png   dark       99.99 %  no part alone            -                    -         -
"""
OCCLUSION = ("--method", "occlusion")
SAID = """\
cnnkit: error: bad.jpg: not an image: expected JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP, GIF or JPEG 2000
cnnkit: warning: 1 of 3 inputs failed
"""


def test_a_table_for_people() -> None:
    result = explain("corner.onnx", "photo.png", "bad.jpg", "even.png", *OCCLUSION)
    assert (result.exit_code, result.stdout) == (1, TABLE)
    said = [line for line in result.stderr.splitlines(keepends=True) if line.startswith("cnnkit: ")]
    assert "".join(said) == SAID


def test_another_class_than_the_answer_has_columns_of_its_own() -> None:
    result = explain("corner.onnx", "even.png", "--label", "bright")
    assert result.stdout.splitlines() == [
        "photo     answer  confidence  explained  probability  carried by     without it  confidence  falls to",
        "even.png  dark       99.99 %  bright          0.01 %  no part alone  -                    -         -",
    ]


def test_json_lines_json_and_csv_say_the_same() -> None:
    arguments = ("corner.onnx", "photo.png", "bad.jpg", "even.png", "--top-k", 1, *OCCLUSION)
    lines, whole, table = (explain(*arguments, "--format", style) for style in ("jsonl", "json", "csv"))
    rows = [json.loads(line) for line in lines.stdout.splitlines()]
    assert rows == json.loads(whole.stdout)
    photo, bad, even = rows
    assert list(photo) == [
        "source", "label", "confidence", "top", "explained", "probability", "part", "without", "method", "evaluations",
        "error", "warning",
    ]  # fmt: skip
    assert (photo["label"], photo["explained"], photo["method"], photo["evaluations"]) == (
        "bright", "bright", "occlusion", 107,
    )  # fmt: skip
    assert photo["part"] == {"left": 44, "top": 0, "width": 20, "height": 20}
    assert photo["without"]["label"] == "dark" and len(photo["without"]["top"]) == len(photo["top"]) == 1
    assert photo["without"]["confidence"] + photo["without"]["probability"] == pytest.approx(1)
    assert bad["error"].startswith("not an image") and bad["part"] is bad["label"] is bad["method"] is None
    assert (even["part"], even["without"], even["error"]) == (None, None, None)
    cells = list(csv.DictReader(table.stdout.splitlines()))
    assert [cells[0][name] for name in ("left", "top", "width", "height")] == ["44", "0", "20", "20"]
    assert float(cells[0]["probability_without"]) == photo["without"]["probability"]
    assert (cells[1]["error"], cells[1]["label"], cells[2]["width"]) == (bad["error"], "", "")


@pytest.mark.parametrize("method", ["auto", "occlusion", "masks", "activation"])
@pytest.mark.parametrize("model", ["run", "run/model.keras"])
def test_a_run_folder_and_its_keras_file(run_folder, model, method) -> None:
    result = explain(model, "photo.png", "--method", method, "--masks", 300, "--format", "json")
    assert result.exit_code == 0, result.output
    row = json.loads(result.stdout)[0]
    assert row["method"] == ("masks" if method == "auto" else method)
    part = row["part"]
    assert part["left"] + part["width"] / 2 > 40 and part["top"] + part["height"] / 2 < 24
    assert (row["label"], row["without"]["label"]) == ("bright", "dark")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_the_picture(suffix) -> None:
    result = explain("corner.onnx", "photo.png", "even.png", "bad.jpg", "-o", f"why{suffix}")
    assert result.exit_code == 1
    assert cv2.imread(f"why{suffix}").shape == (2 * 328, 1138, 3)
    assert explain("corner.onnx", "photo.png", "-o", f"why{suffix}").exit_code == 1
    assert explain("corner.onnx", "photo.png", "-o", f"why{suffix}", "--overwrite").exit_code == 0
    assert cv2.imread(f"why{suffix}").shape == (328, 1138, 3)


def test_what_the_picture_shows() -> None:
    assert explain("corner.onnx", "photo.png", "-o", "why.png", *OCCLUSION).exit_code == 0
    drawn = cv2.imread("why.png").astype(int)
    photo, heat, without = (drawn[34:290, left : left + 256] for left in (14, 284, 554))
    blue, _, red = np.moveaxis(heat, -1, 0)
    assert (red - blue)[:48, 208:].mean() > 80  # hot in the corner,
    assert (blue - red)[128:].mean() > 2 and (blue - red)[:, :128].mean() > 2  # cold elsewhere
    assert (
        without[:32, 224:].mean() < 120 < 200 < without[:32, :32].mean()
    )  # one bright corner is covered, another is not
    green = (photo[..., 1] - photo[..., 2] > 80).any(axis=0)
    assert 174 <= np.flatnonzero(green)[0] <= 178  # the frame around the part, whose left is 44 of 64 pixels


def test_a_folder_and_a_foreign_file(here: Path) -> None:
    save_corner_onnx(here / "foreign.onnx", "top right", write=False)
    (here / "photos").mkdir()
    (here / "photos" / "a.png").write_bytes((here / "photo.png").read_bytes())
    (here / "photos" / "notes.txt").write_text("no photo")
    result = explain("foreign.onnx", "photos", "--labels", "light,night", "--format", "jsonl")
    assert (result.exit_code, json.loads(result.stdout)["label"]) == (0, "light")
    assert "skipped 1 file" in result.stderr


def test_answers_are_those_of_predict(here: Path) -> None:
    """A large JPEG is decoded smaller by both."""
    large = cv2.resize(bright_corners(), (1600, 1200), interpolation=cv2.INTER_NEAREST)
    cv2.imwrite(str(here / "large.jpg"), large)
    row = json.loads(explain("corner.onnx", "large.jpg", "--format", "jsonl").stdout)
    predicted = CliRunner().invoke(main, ["predict", "large.jpg", "--model", "corner.onnx", "--format", "jsonl"])
    assert {name: row[name] for name in ("label", "confidence", "top")} == {
        name: json.loads(predicted.stdout)[name] for name in ("label", "confidence", "top")
    }
    part = row["part"]
    assert part["left"] > 1000 and part["left"] + part["width"] <= 1600 and part["top"] + part["height"] < 500


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        pytest.param(("none.onnx", "photo.png"), 1, "there is no model file none.onnx", id="no model"),
        pytest.param(("photo.png", "photo.png"), 1, "not a model by its name, expected .onnx, a run", id="a photo"),
        pytest.param(("corner.onnx", "photo.png", "--label", "brigt"), 2, "no class 'brigt', expected one of its 2, "
                     "such as bright", id="label"),
        pytest.param(("corner.onnx", "photo.png", "--method", "activation"), 2, "take occlusion or masks", id="method"),
        pytest.param(("corner.onnx", "photo.png", "--labels", "a,b"), 2, "leave out --labels", id="labels"),
        pytest.param(("run", "photo.png", "--threads", "2"), 2, "--threads and --provider, which are for", id="keras"),
        pytest.param(("run", "photo.png", "--labels", "a,b"), 2, "run has a spec.json, which says", id="in a run"),
        pytest.param(("lone.keras", "photo.png", "--labels", "a,b"), 1, "lone.keras has no spec.json", id="alone"),
        pytest.param(("corner.onnx", "photo.png", "-o", "why.txt"), 1, "a file name that ends in .png", id="suffix"),
        pytest.param(("corner.onnx", "photo.png", "-o", "photo.png", "--overwrite"), 1, "would be lost", id="itself"),
        pytest.param(("corner.onnx", "photo.png", "-o", "no/why.png"), 1, "the folder no does not exist", id="folder"),
        pytest.param(("corner.onnx", "photo.png", "-o", "even.png"), 1, "exists already", id="there"),
        pytest.param(("poisoned.onnx", "photo.png"), 1, "with a part covered is not finite", id="not finite"),
    ],
)  # fmt: skip
def test_errors_are_one_line(here: Path, run_folder, arguments, code, line) -> None:
    save_corner_onnx(here / "poisoned.onnx", "top right", poisoned=True)
    (here / "lone.keras").write_bytes((here / "run" / "model.keras").read_bytes())
    before = {path.name: path.read_bytes() for path in here.iterdir() if path.is_file()}
    result = explain(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert line in result.stderr and result.stderr.splitlines()[-1].startswith("cnnkit: error: ")
    assert {path.name: path.read_bytes() for path in here.iterdir() if path.is_file()} == before


def test_where_no_photo_is_answered_there_is_no_picture() -> None:
    result = explain("corner.onnx", "bad.jpg", "-o", "why.png")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no photo was answered: there is no why.png" in result.stderr and not Path("why.png").exists()


def test_a_photo_whose_answer_is_no_number_has_its_row(here: Path) -> None:
    save_corner_onnx(here / "poisoned.onnx", "top right", poisoned=True)
    result = explain("poisoned.onnx", "even.png", "--format", "jsonl")
    assert (result.exit_code, json.loads(result.stdout)["error"]) == (1, "the model's answer is not finite")


def test_an_onnx_file_needs_neither_tensorflow_nor_matplotlib(here: Path) -> None:
    code = (
        "import sys\nfrom cnnkit.cli import main\n"
        "words = ['explain', 'corner.onnx', 'photo.png', '-o', 'why.png', '--method', 'occlusion']\n"
        "main(words, standalone_mode=False)\n"
        "heavy = {'tensorflow', 'keras', 'matplotlib', 'onnx', 'sklearn', 'jax'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd=here, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[1:]) == (0, [TABLE.splitlines()[1]]), done.stderr
    assert (here / "why.png").exists()


def test_labels_that_need_care(here: Path) -> None:
    labels = ("$x$ \u732b\n", "b" * 300)
    save_corner_onnx(here / "care.onnx", "top right", replace(corner_spec(), labels=labels))
    result = explain("care.onnx", "photo.png", "-o", "why.png")
    assert result.exit_code == 0 and "$x$ \u732b\\n" in result.stdout
    assert cv2.imread("why.png").shape == (328, 1138, 3)
