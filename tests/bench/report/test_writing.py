from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from tiny_answers import answers_of

from cnnkit.bench.options import BenchOptions
from cnnkit.bench.report.csv_text import csv_report
from cnnkit.bench.report.json_text import json_report
from cnnkit.bench.report.markdown_text import markdown_report
from cnnkit.bench.report.numbers import significant, size
from cnnkit.bench.report.table import plain_report
from cnnkit.bench.report.writing import report_session
from cnnkit.bench.session import read_session
from cnnkit.bench.session.summary import summarise
from cnnkit.report.tables import percent

RIGHT = np.zeros(100, np.int64)
ANSWERS = answers_of(
    RIGHT,
    {"net function": RIGHT, "net_int8": np.array([0] * 90 + [1] * 10)},
    tuple(f"red/{number}.png" for number in range(100)),
)


@pytest.fixture
def session(make_contender, timed, machine):
    contenders = [make_contender("net function", "original-function"), make_contender("net_int8")]
    times = {"net function": timed(4.0, 662), "net_int8": timed(0.25, 64, "int8")}
    options = BenchOptions(
        (Path("/home/somebody/net_int8.onnx"),), Path("/home/somebody/net.keras"), Path("/data/test")
    )
    return summarise(contenders, times, ANSWERS, options, machine)


@pytest.fixture
def plain_session(make_contender, timed, machine):
    """One model, without an original or data."""
    return summarise(
        [make_contender("net")], {"net": timed(0.5, 662)}, None, BenchOptions((Path("net.onnx"),)), machine
    )


def test_table(plain_session):
    assert plain_report(plain_session) == (
        "Test CPU (2 cores, 4 threads, 8.00 GB of memory), Linux 6.1, Python 3.11.7, numpy 2.0.0, onnxruntime 1.20.0\n"
        "\n"
        "contender  p50 ms  95 % interval  p90 ms  p99 ms  runs  images/s, batch 64\n"
        "net         0.500    0.500-0.500   0.500   0.500   662               4,000\n"
        "\n"
        "contender  precision  runtime         threads     size  peak memory\n"
        "net        float32    fake 1.0 (cpu)        1  1.00 kB      50.0 MB\n"
        "\n"
        "batch 1 in 20 rounds, the contenders in turns, each in a process of its own; random images; "
        "intervals are of 95 %, by bootstrap over rounds\n"
    )


def test_table_with_an_original_and_data(session):
    assert plain_report(session) == (
        "Test CPU (2 cores, 4 threads, 8.00 GB of memory), Linux 6.1, Python 3.11.7, numpy 2.0.0, onnxruntime 1.20.0\n"
        "\n"
        "contender     p50 ms  95 % interval  p90 ms  p99 ms  runs  images/s, batch 64\n"
        "net function    4.00      4.00-4.00    4.00    4.00   662                 500\n"
        "net_int8       0.250    0.250-0.250   0.250       -    64               8,000\n"
        "\n"
        "contender     precision  runtime         threads     size  peak memory\n"
        "net function  float32    fake 1.0 (cpu)        1  1.00 kB      50.0 MB\n"
        "net_int8      int8       fake 1.0 (cpu)        1  1.00 kB      50.0 MB\n"
        "\n"
        "contender                       top-1  macro F1  same label as original\n"
        "net function  100.00 % (96.30-100.00)  100.00 %                       -\n"
        "net_int8        90.00 % (82.56-94.48)   47.37 %                 90.00 %\n"
        "\n"
        "right, by class  images  net function  net_int8\n"
        "red                 100           100        90\n"
        "\n"
        "contender  beside                   same label                    top-1 lost  right alone      p\n"
        "net_int8   net function  90.00 % (82.56-94.48)  10.00 points (3.43 to 16.18)       0 : 10  0.002\n"
        "\n"
        "median latency of  over that of  ratio  95 % interval\n"
        "net function       net_int8       16.0      16.0-16.0\n"
        "\n"
        "batch 1 in 20 rounds, the contenders in turns, each in a process of its own; random images; "
        "intervals are of 95 %, by bootstrap over rounds\n"
        "a percentile that is left out has too few runs: p50 takes 11, p90 takes 64, p99 takes 662\n"
        "accuracies with 95 % Wilson intervals on 100 images\n"
        "no images of green, blue: answers that name them lower macro F1\n"
        "right alone: the contender : the other, in images; p: McNemar's exact test of equal accuracy\n"
    )


def test_markdown(session):
    lines = markdown_report(session).splitlines()
    assert lines[:4] == [
        "| contender | p50 ms | 95 % interval | p90 ms | p99 ms | runs | images/s, batch 64 |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| net function | 4.00 | 4.00-4.00 | 4.00 | 4.00 | 662 | 500 |",
        "| net\\_int8 | 0.250 | 0.250-0.250 | 0.250 | - | 64 | 8,000 |",
    ]
    assert "| net function | net\\_int8 | 16.0 | 16.0-16.0 |" in lines
    assert "- accuracies with 95 % Wilson intervals on 100 images" in lines


def test_json_fields(session):
    report = json.loads(json_report(session))
    assert list(report) == [
        "schema_version", "machine", "options", "load", "disturbances", "contenders", "ratios", "comparisons",
        "answers", "raw",
    ]  # fmt: skip
    assert report["schema_version"] == 1
    assert list(report["contenders"][1]) == [
        "name",
        "kind",
        "precision",
        "runtime",
        "latency_ms",
        "images_per_s",
        "batch_size",
        "threads",
        "size_bytes",
        "peak_memory_bytes",
        "accuracy",
        "agreement_with_original",
        "file",
        "sha256",
        "stages_ms",
        "warm_up",
        "paced",
        "cold_start",
        "sweep",
        "profile",
    ]
    assert report["contenders"][1]["latency_ms"] == {
        "p50": 0.25, "p90": 0.25, "p99": None, "n": 64, "p95": None,
        "intervals": {"p50": [0.25, 0.25], "p90": [0.25, 0.25]},
    }  # fmt: skip
    accuracy = report["contenders"][1]["accuracy"]
    assert accuracy.pop("classes")[0] == {"label": "red", "images": 100, "right": 90}
    assert [accuracy.pop(name) for name in ("top5", "top5_low", "top5_high")] == [None] * 3
    assert accuracy == pytest.approx(
        {"top1": 0.9, "low": 0.82562, "high": 0.94478, "n": 100, "macro_f1": 0.47368}, abs=1e-4
    )
    assert report["contenders"][1]["agreement_with_original"] == 0.9
    assert report["contenders"][0]["agreement_with_original"] is None
    assert report["ratios"][0] == {
        "numerator": "net function",
        "denominator": "net_int8",
        "quantity": "median latency_ms",
        "ratio": 16.0,
        "low": 16.0,
        "high": 16.0,
    }
    assert report["raw"]["net_int8"] == {"latency_ms": [0.25] * 64, "batch_ms": [8.0] * 3, "latency_runs": []}


def test_json_names_no_folder(session):
    text = json_report(session)
    assert "somebody" not in text
    assert "/data" not in text
    assert json.loads(text)["options"]["data"] == "test"


def test_raw_times_take_one_line_a_contender(session):
    assert len([line for line in json_report(session).splitlines() if "batch_ms" in line]) == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(0.0, "0", id="zero"),
        pytest.param(0.024913, "0.0249", id="small"),
        pytest.param(2.2, "2.20", id="ones"),
        pytest.param(58.53, "58.5", id="tens"),
        pytest.param(999.6, "1,000", id="rounds up"),
        pytest.param(1234567.0, "1,230,000", id="millions"),
    ],
)
def test_three_significant_digits(value, text):
    assert significant(value) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        pytest.param(None, "-", id="unknown"),
        pytest.param(312_400, "312 kB", id="kB"),
        pytest.param(1_250_000, "1.25 MB", id="MB"),
        pytest.param(8_000_000_000, "8.00 GB", id="GB"),
    ],
)
def test_size(count, text):
    assert size(count) == text


def test_percent():
    assert (percent(0.98765), percent(None)) == ("98.77 %", "-")


@pytest.mark.parametrize("style", ["table", "json", "markdown", "csv"])
def test_output_file_holds_what_stdout_would(session, style, tmp_path, capsys):
    report_session(session, style, None)
    printed = capsys.readouterr().out
    report_session(session, style, tmp_path / "report")
    assert (tmp_path / "report").read_text(encoding="utf-8") == printed
    assert capsys.readouterr().out == ""


def test_csv_has_the_same_columns_in_every_run(session, plain_session):
    rows, (plain,) = (list(csv.DictReader(io.StringIO(csv_report(each)))) for each in (session, plain_session))
    assert list(rows[0]) == list(plain)
    assert (plain["name"], plain["latency_ms_p50"], plain["latency_ms_intervals_p50_low"]) == ("net", "0.5", "0.5")
    assert (plain["accuracy_top1"], plain["cold_start_total_ms"], plain["stages_ms_end_to_end"]) == ("", "", "")
    assert (rows[1]["accuracy_top1"], rows[1]["latency_ms_p99"]) == ("0.9", "")
    assert all(None not in row and None not in row.values() for row in (*rows, plain))


def hostile(value: object, key: str = "") -> object:
    """A report of somebody who wants more of its reader's terminal than that it shows text."""
    if isinstance(value, dict):
        return {name: hostile(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [hostile(each, key) for each in value]
    return f"{value}\x1b]0;owned\x07\x9b2J\u202e\r\n# x" if isinstance(value, str) and key != "kind" else value


@pytest.mark.parametrize("style", ["table", "json", "markdown", "csv"])
def test_text_of_a_stranger_s_report_is_only_text(session, style, tmp_path, capsys, monkeypatch):
    path = tmp_path / "bench.json"
    fields = json.loads(json_report(session))
    (head := hostile(fields["machine"])).update(int8_dot_product=False)
    fields |= {"machine": head, "disturbances": hostile(["much"]), "options": hostile(fields["options"])}
    for contender in fields["contenders"]:
        contender |= {name: hostile(contender[name]) for name in ("precision", "runtime")}
    path.write_text(json.dumps(fields))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    report_session(read_session(path), style, None)
    printed = capsys.readouterr().out
    assert "owned" in printed and not set(printed) & set("\x07\x9b\u202e\r") and "\x1b]" not in printed
    assert style == "csv" or not any(line.startswith("# x") for line in printed.splitlines())
    if style == "json":
        assert json.loads(printed)["machine"] == head
    report_session(read_session(path), style, tmp_path / "report")
    written = (tmp_path / "report").read_text(encoding="utf-8")
    assert style not in ("table", "markdown") or all(char.isprintable() or char == "\n" for char in written)
