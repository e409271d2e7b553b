from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import replace
from typing import get_args

import pytest

from cnnkit.classifier import Candidate, Prediction
from cnnkit.errors import OutputError
from cnnkit.report.columns import Columns
from cnnkit.report.predictions import Format, ReportOptions, open_report
from cnnkit.report.rows import PredictionRow
from cnnkit.system.messages import show_messages


def answer(source: str, label: str = "cat", confidence: float = 0.75) -> PredictionRow:
    return PredictionRow(source, Prediction(label, confidence, (Candidate("cat", confidence), Candidate("dog", 0.25))))


GOOD, WIDE = answer("a.jpg"), answer("ä/猫.jpg")
FAILED = PredictionRow("b.jpg", error='no image, "really"')
BATCHES = [[GOOD, FAILED], [WIDE]]
TEXTS = {
    "table": (
        "image     label  confidence  top 2\n"
        "a.jpg     cat        75.0 %  cat 75.0 %, dog 25.0 %\n"
        "ä/猫.jpg  cat        75.0 %  cat 75.0 %, dog 25.0 %\n"
    ),
    "csv": (
        "source,label,confidence,label_1,probability_1,label_2,probability_2,error,warning\n"
        "a.jpg,cat,0.75,cat,0.75,dog,0.25,,\n"
        'b.jpg,,,,,,,"no image, ""really""",\n'
        "ä/猫.jpg,cat,0.75,cat,0.75,dog,0.25,,\n"
    ),
}
TOP = '[{"label": "cat", "probability": 0.75}, {"label": "dog", "probability": 0.25}], "error": null, "warning": null}'
LINES = (
    '{"source": "a.jpg", "label": "cat", "confidence": 0.75, "top": ' + TOP,
    '{"source": "b.jpg", "label": null, "confidence": null, "top": [], '
    '"error": "no image, \\"really\\"", "warning": null}',
    '{"source": "ä/猫.jpg", "label": "cat", "confidence": 0.75, "top": ' + TOP,
)
TEXTS["jsonl"] = "".join(line + "\n" for line in LINES)
TEXTS["json"] = "[\n" + ",\n".join(LINES) + "\n]\n"
STREAMED = ("jsonl", "csv")


def write(style, batches=BATCHES, output=None, **options):
    with open_report(ReportOptions(style, output, columns=Columns(2), **options)) as report:
        for rows in batches:
            report.write(rows)


def test_every_format_is_tested():
    assert {*TEXTS, "parquet"} == set(get_args(Format))  # Parquet is tested with the command


@pytest.mark.parametrize("style", sorted(TEXTS))
def test_stdout(style, capfdbinary):
    write(style)
    assert capfdbinary.readouterr().out.decode() == TEXTS[style]


@pytest.mark.parametrize("style", sorted(TEXTS))
def test_file(style, tmp_path):
    write(style, output=tmp_path / "rows")
    assert (tmp_path / "rows").read_text("utf-8") == TEXTS[style]
    assert os.listdir(tmp_path) == ["rows"]


ODD = replace(GOOD, warning="JPEG lacks\nits end")


@pytest.mark.parametrize(
    ("style", "batches", "expected"),
    [
        ("table", [[GOOD, ODD]], "image  label  confidence  top 2                   warning\n"
         "a.jpg  cat        75.0 %  cat 75.0 %, dog 25.0 %\n"
         "a.jpg  cat        75.0 %  cat 75.0 %, dog 25.0 %  JPEG lacks\\nits end\n"),
        ("table", [[ODD]],
         "a.jpg (JPEG lacks\\nits end)\nlabel  probability\ncat         75.0 %\ndog         25.0 %\n"),
        ("csv", [[ODD]], TEXTS["csv"].splitlines()[0] + '\na.jpg,cat,0.75,cat,0.75,dog,0.25,,"JPEG lacks\nits end"\n'),
        ("jsonl", [[ODD]], LINES[0].replace('g": null', 'g": "JPEG lacks\\nits end"') + "\n"),
    ],
    ids=["table", "table of one", "csv", "jsonl"],
)  # fmt: skip
def test_a_warning_is_in_the_row(style, batches, expected, tmp_path):
    write(style, batches, tmp_path / "rows")
    assert (tmp_path / "rows").read_text("utf-8") == expected


def test_a_warning_beside_the_answers_of_two_models(tmp_path):
    pair = [replace(ODD, model="a"), replace(ODD, model="b")]
    write("table", [pair], tmp_path / "rows", models=("a", "b"))
    assert (tmp_path / "rows").read_text().splitlines()[1].endswith("cat  75.0 %  JPEG lacks\\nits end")


def test_machine_formats_can_be_read_back(tmp_path):
    for style in ("json", "csv"):
        write(style, output=tmp_path / style)
    rows = json.loads((tmp_path / "json").read_text("utf-8"))
    assert rows == [row.fields() for rows in BATCHES for row in rows]
    table = list(csv.DictReader(io.StringIO((tmp_path / "csv").read_text("utf-8"))))
    assert [row["error"] for row in table] == ["", 'no image, "really"', ""]
    assert [row["source"] for row in table] == [row["source"] for row in rows]


def test_one_image_gives_a_table_of_its_candidates(capsys):
    write("table", [[GOOD]])
    assert capsys.readouterr().out == "a.jpg\nlabel  probability\ncat         75.0 %\ndog         25.0 %\n"


def test_one_image_below_the_least_confidence(capsys):
    write("table", [[answer("a.jpg", "unknown")]])
    assert capsys.readouterr().out.splitlines()[0] == "a.jpg: unknown"


def test_failures_of_a_table_go_to_stderr_at_once(capsys):
    show_messages(0)
    with open_report(ReportOptions("table")) as report:
        report.write([FAILED])
        assert capsys.readouterr().err == 'cnnkit: error: b.jpg: no image, "really"\n'
    assert capsys.readouterr() == ("", "")


def test_table_file_without_a_good_row_has_its_headings(tmp_path):
    write("table", [[FAILED]], tmp_path / "rows")
    assert (tmp_path / "rows").read_text() == "image  label  confidence  top 2\n"


def test_no_rows_at_all_is_an_empty_list(capfdbinary):
    write("json", [])
    assert capfdbinary.readouterr().out == b"[]\n"


@pytest.mark.parametrize("style", STREAMED)
def test_rows_are_there_as_they_come(style, tmp_path):
    with open_report(ReportOptions(style, tmp_path / "rows", columns=Columns(2))) as report:
        report.write(BATCHES[0])
        assert TEXTS[style].startswith((tmp_path / "rows").read_text("utf-8"))
        assert "b.jpg" in (tmp_path / "rows").read_text("utf-8")


@pytest.mark.parametrize("style", sorted(TEXTS))
def test_file_of_an_interrupted_run(style, tmp_path):
    with (
        pytest.raises(KeyboardInterrupt),
        open_report(ReportOptions(style, tmp_path / "rows", columns=Columns(2))) as report,
    ):
        report.write(BATCHES[0])
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == (["rows"] if style in STREAMED else [])


@pytest.mark.parametrize("style", sorted(TEXTS))
def test_results_are_not_overwritten_unasked(style, tmp_path):
    path = tmp_path / "rows"
    path.write_text("precious")
    with pytest.raises(OutputError) as caught:
        write(style, output=path)
    assert str(caught.value) == f"{path} exists already: name another file, or pass --overwrite to replace it"
    assert path.read_text() == "precious"
    write(style, output=path, overwrite=True)
    assert path.read_text("utf-8") == TEXTS[style]


@pytest.mark.parametrize("style", sorted(TEXTS))
def test_folder_that_does_not_exist(style, tmp_path):
    with pytest.raises(OutputError, match=r"cannot write .*rows: the folder .*gone does not exist"):
        write(style, output=tmp_path / "gone" / "rows")


def test_folder_as_output(tmp_path):
    with pytest.raises(OutputError, match="it is a folder, expected the name of a file"):
        write("csv", output=tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.parametrize("style", sorted(TEXTS))
def test_devices_and_pipes_are_written_to_not_replaced(style, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write(style, output=pipe)
    assert os.read(reader, 10_000).decode() == TEXTS[style]
    os.close(reader)
    assert not pipe.is_file()


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        pytest.param("jsonl", '{"source": "caf\\udce9.jpg", ', id="jsonl"),
        pytest.param("csv", "source,label,confidence,label_1", id="csv"),
        pytest.param("table", "caf\\udce9.jpg\n", id="table"),
    ],
)
def test_names_that_are_no_utf8(style, expected, capfdbinary):
    write(style, [[answer("caf\udce9.jpg")]])
    out = capfdbinary.readouterr().out.decode()  # valid UTF-8 whatever the name
    assert out.startswith(expected)
    assert "caf\\udce9.jpg" in out


def test_json_gives_the_name_back(tmp_path):
    write("json", [[answer("caf\udce9.jpg")]], tmp_path / "rows")
    assert json.loads((tmp_path / "rows").read_text("utf-8"))[0]["source"] == "caf\udce9.jpg"
