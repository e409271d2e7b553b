"""Files whose image is damaged: never used in silence, whatever the command."""

from __future__ import annotations

import csv
import json
import os

import numpy as np
import pytest
from click.testing import CliRunner
from image_files import damaged_jpeg, encode, photo
from tiny_models import TINY_SPEC

import cnnkit
from cnnkit.cli import main
from cnnkit.cluster.shards import ShardWriter
from cnnkit.cluster.worker import ShardPredictor, WorkerOptions
from cnnkit.errors import DamagedImageWarning, DataError
from cnnkit.images import decode_image
from cnnkit.predicting import PredictOptions
from cnnkit.sources import read_calibration

pytestmark = pytest.mark.skipif(not hasattr(os, "pread"), reason="codecs are not listened to here")

WHOLE = encode(photo(), "JPEG", quality=95)
HURT = damaged_jpeg()
REASON = str(decode_image(HURT, "hurt").damage)
NO_END = "JPEG lacks its end marker"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A whole image, one that lacks its end marker alone, and a damaged one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for name, data in (("a-whole", WHOLE), ("b-endless", WHOLE[:-2]), ("c-hurt", HURT)):
        (tmp_path / "photos" / f"{name}.jpg").write_bytes(data)
    return tmp_path


def run(*arguments: object):
    return CliRunner().invoke(main, [*map(str, arguments)])


def test_the_reason_is_libjpegs_own():
    assert REASON.startswith("damaged JPEG: ") and REASON.endswith(" extraneous bytes before marker 0xd9")


@pytest.mark.parametrize(
    ("damaged", "exit_code", "labelled", "error", "warning"),
    [("report", 1, [True, True, False], REASON, None), ("use", 0, [True] * 3, None, REASON)],
)
def test_rows_of_predict(folder, tiny_model, damaged, exit_code, labelled, error, warning, capfd):
    arguments = ("-q", "predict", "photos", "-m", tiny_model, "--damaged", damaged, "--format")
    lines, table = run(*arguments, "jsonl"), run(*arguments, "csv")
    assert lines.exit_code == table.exit_code == exit_code
    rows = [json.loads(line) for line in lines.stdout.splitlines()]
    assert [row["label"] is not None for row in rows] == labelled
    assert [row["error"] for row in rows] == [None, None, error]
    assert [row["warning"] for row in rows] == [None, NO_END, warning]
    cells = list(csv.DictReader(table.stdout.splitlines()))
    assert [row["warning"] for row in cells] == ["", NO_END, warning or ""]
    assert run(*arguments, "json").stdout == "[\n" + ",\n".join(lines.stdout.splitlines()) + "\n]\n"
    assert capfd.readouterr().err == "" and lines.stderr == table.stderr == ""


def test_parquet(folder, tiny_model):
    parquet = pytest.importorskip("pyarrow.parquet")
    run("predict", "photos", "-m", tiny_model, "--damaged", "use", "--format", "parquet", "-o", "rows.parquet")
    assert parquet.read_table("rows.parquet")["warning"].to_pylist() == [None, NO_END, REASON]


def test_a_table_has_a_column_of_them(folder, tiny_model):
    used, reported = (run("predict", "photos", "-m", tiny_model, "--damaged", way) for way in ("use", "report"))
    assert used.stdout.splitlines()[3].endswith(REASON)
    assert "cnnkit: warning: 2 of 3 inputs have a warning, see their rows" in used.stderr
    assert len(reported.stdout.splitlines()) == 3
    assert f"cnnkit: error: photos{os.sep}c-hurt.jpg: {REASON}\n" in reported.stderr


def test_one_warning_in_words(folder, tiny_model):
    used = run("predict", "photos", "-m", tiny_model, "--exclude", "*hurt*")
    assert "cnnkit: warning: 1 of 2 inputs has a warning, see their rows" in used.stderr


@pytest.mark.parametrize(("damaged", "files"), [("report", 2), ("use", 3)])
def test_sorted_and_annotated_as_told(folder, tiny_model, damaged, files):
    run("predict", "photos", "-m", tiny_model, "--damaged", damaged, "--sort-into", "by", "--annotate", "drawn")
    assert len(list((folder / "by").rglob("*.jpg"))) == len(os.listdir(folder / "drawn")) == files


def test_a_csv_with_warnings_is_gone_on_with(folder, tiny_model):
    arguments = ("predict", "photos", "-m", tiny_model, "--format", "csv", "-o", "rows.csv", "--resume")
    assert [run(*arguments).exit_code for _ in range(2)] == [1, 1]
    whole = (folder / "rows.csv").read_bytes()
    (folder / "rows.csv").write_bytes(b"".join(whole.splitlines(keepends=True)[:3]))
    assert run(*arguments).exit_code == 1 and (folder / "rows.csv").read_bytes() == whole


@pytest.mark.parametrize(("damaged", "failed"), [("report", 1), ("use", 0)])
def test_an_actor_of_a_cluster(folder, tiny_model, damaged, failed, capfd):
    pyarrow = pytest.importorskip("pyarrow")
    writer = ShardWriter(folder, "jsonl")
    options = WorkerOptions("cpu", None, False, PredictOptions(damaged=damaged), writer, folder)
    block = pyarrow.table({"index": [0], "source": [b"photos/c-hurt.jpg"], "problem": pyarrow.array([None], "string")})
    assert ShardPredictor(tiny_model, options)(block)["failed"].to_pylist() == [failed]
    row = json.loads(writer.path(0).read_text())
    assert (row["error"], row["warning"]) == ((REASON, None) if failed else (None, REASON))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("damaged", "explained", "exit_code"), [("report", False, 1), ("use", True, 0)])
def test_explain(folder, tiny_model, damaged, explained, exit_code):
    result = run(
        "explain", tiny_model, "photos/c-hurt.jpg", "--damaged", damaged, "--method", "occlusion", "--format", "jsonl"
    )
    row = json.loads(result.stdout)
    assert result.exit_code == exit_code
    assert (row["label"] is not None, row["error"], row["warning"]) == (
        explained, None if explained else REASON, REASON if explained else None,
    )  # fmt: skip


def test_python_warns_and_says_it_of_the_answer(folder, tiny_model, capfd):
    model = cnnkit.load(tiny_model)
    with pytest.warns(DamagedImageWarning, match=r"c-hurt\.jpg: damaged JPEG") as caught:
        answer = model.predict("photos/c-hurt.jpg")
    assert answer.damage == REASON and answer.label in TINY_SPEC.labels
    assert caught[0].filename == __file__
    assert model.predict("photos/a-whole.jpg").damage is None
    assert model.predict(np.zeros((4, 4, 3), np.uint8)).damage is None
    assert capfd.readouterr().err == ""


@pytest.fixture
def classes(folder):
    """Class folders of whole images, and a damaged one among the green ones."""
    for label in TINY_SPEC.labels:
        for number in range(8):
            path = folder / "data" / label / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(photo(40 + number, 50), "JPEG"))
    (folder / "data" / "green" / "hurt.jpg").write_bytes(HURT)
    return folder / "data"


LEFT_OUT = f"hurt.jpg: {REASON}"


MEASURES = (
    ("evaluate", "tiny.onnx", "data", "--out", "out"),
    ("bench", "--no-cold-start", "--model", "tiny.onnx", "--data", "data", "--runs", 5),
    ("verify", "tiny.onnx", "--data", "data"),
)


@pytest.mark.parametrize("arguments", MEASURES, ids=lambda arguments: arguments[0])
def test_what_measures_lists_them_and_leaves_them_out(classes, tiny_model, arguments, capfd):
    result = run(*arguments)
    assert result.stderr.count(LEFT_OUT) == 1
    assert "Corrupt" not in result.stderr + capfd.readouterr().err


@pytest.mark.parametrize("arguments", MEASURES, ids=lambda arguments: arguments[0])
def test_strictly_nothing_is_measured_without_them(classes, tiny_model, arguments):
    result = run(*arguments, "--strict")
    assert (result.exit_code, result.stdout) == (1, "") and "Traceback" not in result.stderr
    assert f"{LEFT_OUT}: --strict stops here; mend or remove it, or leave --strict out\n" in result.stderr


def test_images_that_calibrate(classes, caplog):
    assert len(read_calibration(classes, 100, TINY_SPEC.input, 0).images) == 24
    assert LEFT_OUT in caplog.text
    with pytest.raises(DataError, match="--strict stops here"):
        read_calibration(classes, 100, TINY_SPEC.input, 0, strict=True)
