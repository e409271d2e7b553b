from __future__ import annotations

import csv
import io
import json
import os
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result
from tiny_models import TINY_SPEC, build_tiny_onnx, tiny_spec

import cnnkit.runtime.onnx
from cnnkit.cli import main
from cnnkit.spec import METADATA_KEY


@pytest.fixture
def predict(tiny_model, photos):
    """Runs `cnnkit predict ARGUMENTS` with the tiny model."""

    def run(*arguments: object, stdin: bytes = b"") -> Result:
        return CliRunner().invoke(main, ["predict", "--model", str(tiny_model), *map(str, arguments)], input=stdin)

    return run


def rows(result: Result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_table(predict):
    result = predict("photos")
    assert result.exit_code == 1
    assert result.stdout == (
        "image                     label  confidence  top 3\n"
        "photos/Füße 猫/blue.png   blue       96.5 %  blue 96.5 %, red 1.8 %, green 1.8 %\n"
        "photos/deep/er/green.bmp  green      96.5 %  green 96.5 %, red 1.8 %, blue 1.8 %\n"
        "photos/red.png            red        96.5 %  red 96.5 %, green 1.8 %, blue 1.8 %\n"
    )
    failure, speed, *counts = result.stderr.splitlines()
    assert failure.startswith("cnnkit: error: photos/broken.png: ")
    assert re.fullmatch(r"4 images in [0-9.]+ s \([0-9,.]+ images/s\)", speed)
    assert counts == [
        "blue 1, green 1, red 1",
        "skipped 1 file: no image by its suffix",
        "cnnkit: warning: 1 of 4 inputs failed",
    ]


def test_one_image(predict):
    result = predict("photos/red.png", "--top-k", 2)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "photos/red.png\nlabel  probability\nred         96.5 %\ngreen        1.8 %\n"


def test_quiet(predict):
    assert CliRunner().invoke(main, ["-q"]).exit_code == 2  # a group without a command
    arguments = ["-q", "predict", "--model", "tiny.onnx", "photos"]
    lines = CliRunner().invoke(main, arguments).stderr.splitlines()
    assert [line.partition(": ")[2].partition(":")[0] for line in lines] == ["error"]


def test_json_lines(predict):
    result = predict("photos", "--format", "jsonl", "--top-k", 1)
    assert result.exit_code == 1
    assert [(row["source"], row["label"]) for row in rows(result)] == [
        ("photos/Füße 猫/blue.png", "blue"),
        ("photos/broken.png", None),
        ("photos/deep/er/green.bmp", "green"),
        ("photos/red.png", "red"),
    ]
    good, failed = rows(result)[3], rows(result)[1]
    assert good == {
        "source": "photos/red.png",
        "label": "red",
        "confidence": pytest.approx(0.9646631),
        "top": [{"label": "red", "probability": good["confidence"]}],
        "error": None,
        "warning": None,
    }
    assert (failed["confidence"], failed["top"]) == (None, [])
    assert failed["error"]


def test_json_is_a_list_of_the_same(predict):
    lines = rows(predict("photos", "--format", "jsonl"))
    assert json.loads(predict("photos", "--format", "json").stdout) == lines


def test_csv_has_the_same_columns(predict):
    result = predict("photos", "--format", "csv", "--top-k", 2)
    table = list(csv.DictReader(io.StringIO(result.stdout)))
    assert list(table[0]) == [
        "source", "label", "confidence", "label_1", "probability_1", "label_2", "probability_2", "error", "warning",
    ]  # fmt: skip
    assert [row["label"] for row in table] == ["blue", "", "green", "red"]
    assert [bool(row["error"]) for row in table] == [False, True, False, False]


def test_csv_has_no_more_candidates_than_classes(predict):
    assert "label_4" not in predict("photos", "--format", "csv", "--top-k", 9).stdout


@pytest.mark.parametrize("batch_size", [1, 2, 3, 100])
def test_batch_size_changes_nothing(predict, batch_size):
    assert predict("photos", "--format", "jsonl", "--batch-size", batch_size).stdout == (
        predict("photos", "--format", "jsonl").stdout
    )


@pytest.mark.parametrize(
    ("sources", "stdin", "labels"),
    [
        pytest.param(["photos/red.png", "photos/deep"], b"", ["red", "green"], id="file and folder"),
        pytest.param(["photos/*.png"], b"", [None, "red"], id="pattern"),
        pytest.param(["-"], "photos/red.png\nphotos/Füße 猫/blue.png\n".encode(), ["red", "blue"], id="stdin"),
        pytest.param(["-", "photos/deep"], b"photos/red.png", ["red", "green"], id="stdin and folder"),
        pytest.param(["gone.jpg", "photos/red.png"], b"", [None, "red"], id="missing file"),
        pytest.param(["photos/notes.txt", "photos/red.png"], b"", [None, "red"], id="text file by name"),
    ],
)
def test_sources(predict, sources, stdin, labels):
    result = predict(*sources, "--format", "jsonl", stdin=stdin)
    assert [row["label"] for row in rows(result)] == labels
    assert result.exit_code == (1 if None in labels else 0)


def test_missing_file_in_a_table(predict):
    result = predict("gone.jpg")
    assert (result.exit_code, result.stdout) == (1, "")
    failure, count = result.stderr.splitlines()
    assert failure.startswith("cnnkit: error: gone.jpg: ")
    assert "o such file" in failure
    assert count == "cnnkit: warning: 1 of 1 input failed"


def test_a_folder_without_images_has_a_row_beside_others(predict, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no image")
    alone = rows(predict("photos", "--format", "jsonl"))
    result = predict("empty", "photos", "--format", "jsonl")
    first, *others = rows(result)
    assert result.exit_code == 1
    assert first["source"] == "empty" and first["label"] is None
    assert first["error"].startswith("no image in this folder: expected files named .apng ")
    assert others == alone


@pytest.mark.parametrize("style", ["csv", "jsonl"])
def test_earlier_results_stay_where_there_is_nothing_to_predict(predict, tmp_path, style):
    (tmp_path / "rows").write_text("earlier results")
    result = predict("-", "--format", style, "--output", "rows", "--overwrite")
    assert result.exit_code == 1 and "no image found in stdin" in result.stderr
    assert (tmp_path / "rows").read_text() == "earlier results"


def test_folder_without_permission(predict, monkeypatch):
    """Root may read everything, so the refusal is simulated."""
    scandir = os.scandir

    def refuse(folder):
        if str(folder).endswith("deep"):
            raise PermissionError(13, "Permission denied", folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    result = predict("photos/deep", "photos/red.png", "--format", "jsonl")
    assert result.exit_code == 1
    assert [row["error"] for row in rows(result)] == ["this folder cannot be read: Permission denied", None]


def test_min_confidence(predict):
    row = rows(predict("photos/red.png", "--min-confidence", 0.99, "--format", "jsonl"))[0]
    assert (row["label"], row["confidence"], row["top"][0]["label"]) == ("unknown", pytest.approx(0.9646631), "red")


def test_max_pixels(predict):
    result = predict("photos/red.png", "--max-pixels", 599, "--format", "jsonl")  # it has 20 x 30
    assert result.exit_code == 1
    assert "--max-pixels" in rows(result)[0]["error"]


def test_warning_of_an_image(predict, make_image):
    path = make_image("photos/cut.jpg")
    path.write_bytes(path.read_bytes()[:-2])
    result = predict("photos/cut.jpg")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0] == "photos/cut.jpg (JPEG lacks its end marker)"


def test_output_file(predict, tmp_path):
    result = predict("photos", "--format", "jsonl", "--output", "rows.jsonl")
    assert (result.exit_code, result.stdout) == (1, "")
    assert (tmp_path / "rows.jsonl").read_text("utf-8") == predict("photos", "--format", "jsonl").stdout
    again = predict("photos", "--format", "jsonl", "--output", "rows.jsonl")
    assert again.stderr == (
        "cnnkit: error: rows.jsonl exists already: name another file, or pass --overwrite to replace it\n"
    )
    assert predict("photos/red.png", "--output", "rows.jsonl", "--overwrite").exit_code == 0
    assert (tmp_path / "rows.jsonl").read_text("utf-8") == predict("photos/red.png").stdout


def test_output_to_stdout_by_name(predict):
    assert predict("photos/red.png", "--output", "-").stdout == predict("photos/red.png").stdout


def test_default_model_is_the_bundled_one(photos, models_folder, tiny_model):
    (models_folder / "net.int8.onnx").write_bytes(tiny_model.read_bytes())
    result = CliRunner().invoke(main, ["predict", "photos/red.png"])
    assert (result.exit_code, result.stdout.splitlines()[2]) == (0, "red         96.5 %")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param([], "Missing argument 'SOURCE...'", id="no source"),
        pytest.param(["x", "--top-k", "0"], "'--top-k': 0 is not in the range", id="top-k"),
        pytest.param(["x", "--format", "xml"], "'xml' is not one of 'table', 'json', 'jsonl', 'csv'", id="format"),
        pytest.param(["x", "--min-confidence", "93"], "93.0 is not in the range 0<=x<=1", id="percent"),
        pytest.param(["x", "--batch-size", "0"], "'--batch-size': 0 is not in the range", id="batch size"),
        pytest.param(["x", "--provider", "gpu"], "provider 'gpu' is not known, expected auto or one of", id="provider"),
    ],
)
def test_wrong_usage(predict, arguments, message):
    result = predict(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


GOOD = build_tiny_onnx()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(None, "there is no model file bad.onnx: check the path", id="missing"),
        pytest.param(b"", "bad.onnx is empty, expected an ONNX model", id="empty"),
        pytest.param(GOOD[:99], "bad.onnx is no ONNX model, or is damaged", id="truncated"),
        pytest.param(
            build_tiny_onnx(None, metadata={METADATA_KEY: '{"spec_version": 7}'}),
            "bad.onnx: the model spec is version 7, this cnnkit reads versions up to 2: install cnnkit 7.0",
            id="newer spec",
        ),
        pytest.param(build_tiny_onnx(TINY_SPEC, size=9), "bad.onnx takes uint8 (batch, 9, 9, 3)", id="size"),
    ],
)
def test_bad_model(photos, tmp_path, data, message):
    if data is not None:
        (tmp_path / "bad.onnx").write_bytes(data)
    result = CliRunner().invoke(main, ["predict", "--model", "bad.onnx", "photos", "--output", "rows"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"cnnkit: error: {message}")
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "rows").exists()


def test_a_provider_that_answers_golden_images_differently_is_said_once(photos, make_model, monkeypatch):
    monkeypatch.setattr(cnnkit.runtime.onnx, "used_provider", lambda session: "openvino")
    spec = tiny_spec()
    golden = tuple(replace(image, probabilities=image.probabilities[::-1]) for image in spec.golden)
    for name, said in ((tiny_spec(), 0), (replace(spec, golden=golden), 1)):
        path = make_model(spec=name)
        result = CliRunner().invoke(main, ["predict", "photos/red.png", "-m", str(path), "--provider", "cpu"])
        assert (result.exit_code, "red" in result.stdout) == (0, True)
        assert (
            result.stderr.count("tiny.onnx with --provider openvino: the golden images are answered differently: ")
            == said
        )
