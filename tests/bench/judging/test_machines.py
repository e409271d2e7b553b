from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from cnnkit.bench.judging.machines import compare_reports
from cnnkit.bench.options import BenchOptions
from cnnkit.bench.report.json_text import json_report
from cnnkit.bench.report.machines_text import machines_report
from cnnkit.bench.session.summary import summarise
from cnnkit.errors import ReportError
from cnnkit.measuring.statistics import Interval


@pytest.fixture
def run(make_contender, timed, machine, tmp_path):
    """Writes the run of a machine: name of the contender -> milliseconds."""

    def write(name: str, cpu: str, **models: float) -> Path:
        contenders = [make_contender(model) for model in models]
        times = {model: timed(ms, 100) for model, ms in models.items()}
        session = summarise(contenders, times, None, BenchOptions((Path("a.onnx"),)), replace(machine, cpu=cpu))
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json_report(session), encoding="utf-8")
        return path

    return write


def test_contenders_of_the_same_name_stand_side_by_side(run):
    found = compare_reports([run("pc.json", "Fast", a=1.0, b=2.0), run("pi.json", "Slow", a=8.0, c=3.0)])
    assert [(row.contender, row.run, row.p50_ms) for row in found.rows] == [("a", "pc", 1.0), ("a", "pi", 8.0)]
    assert [row.times_first for row in found.rows] == [None, Interval(8.0, 8.0, 8.0)]
    assert found.missing == ("b is not in pi", "c is not in pc")
    assert [machine.cpu for machine in found.machines.values()] == ["Fast", "Slow"]


def test_files_of_the_same_name_are_told_apart_by_their_folders(run):
    found = compare_reports([run("pc/bench.json", "Fast", a=1.0), run("pi/bench.json", "Slow", a=8.0)])
    assert list(found.machines) == ["pc/bench", "pi/bench"]


@pytest.mark.parametrize("style", ["table", "markdown", "json", "csv"])
def test_formats(run, style):
    text = machines_report(compare_reports([run("pc.json", "Fast", a=1.0), run("pi.json", "Slow", a=8.0)]), style)
    if style == "json":
        assert json.loads(text)["rows"][1]["times_first"] == {"value": 8.0, "low": 8.0, "high": 8.0}
    elif style == "csv":
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [(row["run"], row["p50_ms"], row["times_first_value"]) for row in rows] == [
            ("pc", "1.0", ""), ("pi", "8.0", "8.0"),
        ]  # fmt: skip
    else:
        assert "8.00-8.00" in text and "Slow (2 cores" in text


def test_nothing_in_common_is_one_line(run):
    with pytest.raises(ReportError, match="have no contender of the same name, such as a"):
        compare_reports([run("pc.json", "Fast", a=1.0), run("pi.json", "Slow", b=8.0)])
