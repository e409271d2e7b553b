from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_answers import answers_of

from cnnkit.bench.measuring.machine_load import MachineLoad
from cnnkit.bench.measuring.stages import STAGES
from cnnkit.bench.options import BenchOptions
from cnnkit.bench.report.json_text import json_report
from cnnkit.bench.report.markdown_text import markdown_report
from cnnkit.bench.report.page import html_report
from cnnkit.bench.report.table import plain_report
from cnnkit.bench.session.reading import read_session
from cnnkit.bench.session.schema import first_fault
from cnnkit.bench.session.summary import summarise
from cnnkit.errors import ReportError

TARGETS = np.array([0, 1, 2, 0])
ANSWERS = answers_of(
    TARGETS, {"net function": TARGETS, "net": np.array([0, 1, 1, 0])}, ("a/0.png", "b/1.png", "c/2.png", "a/3.png")
)


@pytest.fixture(params=["with everything", "one model"])
def session(request, make_contender, timed, machine):
    staged = replace(timed(0.25, 700), stages_ms=dict.fromkeys(STAGES, (1.0, 2.0, 3.0)))
    if request.param == "one model":
        return summarise([make_contender("net")], {"net": staged}, None, BenchOptions((Path("net.onnx"),)), machine)
    options = BenchOptions(
        (Path("net.onnx"),), Path("net.keras"), Path("test"), 700, 32, 1, seed=3, photo=Path("p.jpg")
    )
    contenders = [make_contender("net function", "original-function"), make_contender("net")]
    times, load = {"net function": timed(4.0, 70), "net": staged}, MachineLoad(0.9, 0.2, 0.1)
    return summarise(contenders, times, ANSWERS, options, machine, load)


@pytest.mark.parametrize("render", [json_report, plain_report, markdown_report, html_report], ids=lambda f: f.__name__)
def test_a_run_that_is_read_back_is_drawn_as_it_was(session, tmp_path, render):
    path = tmp_path / "bench.json"
    path.write_text(json_report(session), encoding="utf-8")
    assert render(read_session(path)) == render(session)


@pytest.mark.parametrize("part", ["machine", "options", "contenders", "ratios", "comparisons", "disturbances", "raw"])
def test_what_is_missing_is_one_line(session, tmp_path, part):
    path = tmp_path / "bench.json"
    report = json.loads(json_report(session))
    del report[part]
    path.write_text(json.dumps(report))
    with pytest.raises(ReportError, match=f"is no report of cnnkit bench .the file has no {part}"):
        read_session(path)


WRONG = {
    "a time that is text": lambda report: report["contenders"][-1]["latency_ms"].update(p50="fast"),
    "a time that is no number": lambda report: report["contenders"][-1]["latency_ms"].update(p50=float("nan")),
    "a time of nothing": lambda report: report["contenders"][-1]["latency_ms"].update(p50=0),
    "an interval of three ends": lambda report: report["contenders"][-1]["latency_ms"]["intervals"].update(
        p50=[1, 2, 3]
    ),
    "no contenders": lambda report: report.update(contenders=[]),
    "a size in words": lambda report: report["contenders"][-1].update(size_bytes="small"),
    "a number for a CPU": lambda report: report["machine"].update(cpu=5),
    "raw times that are text": lambda report: report["raw"]["net"].update(latency_ms="1, 2"),
    "a kind that is none": lambda report: report["contenders"][-1].update(kind="oracle"),
    "raw times of another": lambda report: report.update(raw={"other": report["raw"]["net"]}),
    "an answer too few": lambda report: report.update(
        answers={"images_sha256": "f", "targets": [0, 1], "predicted": {"net": [0]}}
    ),
    "an answer that is no class": lambda report: (
        report.update(answers={"images_sha256": "f", "targets": [0], "predicted": {"net": [99]}})
        if report["contenders"][0]["accuracy"]
        else report.update(contenders=[])
    ),
    "a sweep with gaps": lambda report: report["contenders"][-1].update(
        sweep=[{"threads": 1, "batch_size": 2, "batch_ms": 1.0, "low_ms": 1.0, "high_ms": 1.0, "n": 3}]
    ),
    "two of one name": lambda report: report["contenders"].append(report["contenders"][-1]),
    "rounds of other times": lambda report: report["raw"]["net"].update(latency_runs=[5, 5]),
    "a reversed interval": lambda report: report["contenders"][-1]["latency_ms"]["intervals"].update(p50=[5, 1]),
    "a median without interval": lambda report: report["contenders"][-1]["latency_ms"].update(intervals={}),
    "no raw times": lambda report: report["raw"]["net"].update(latency_ms=[], latency_runs=[]),
    "raw times of nothing": lambda report: report["raw"]["net"].update(latency_ms=[0.0], latency_runs=[1]),
    "raw times without end": lambda report: report["raw"]["net"].update(latency_ms=[1e308], latency_runs=[1]),
    "a size beyond all floats": lambda report: report["contenders"][-1].update(size_bytes=10**400),
    "true for a number": lambda report: report["contenders"][-1].update(batch_size=True),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_one_line(session, tmp_path, what):
    path = tmp_path / "bench.json"
    report = json.loads(json_report(session))
    WRONG[what](report)
    path.write_text(json.dumps(report))
    with pytest.raises(ReportError, match="is no report of cnnkit bench") as caught:
        read_session(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_nested_without_end_is_one_line(tmp_path):
    (tmp_path / "bench.json").write_text("[" * 100_000)
    with pytest.raises(ReportError, match="cannot be read"):
        read_session(tmp_path / "bench.json")


def test_fields_of_a_later_version_are_no_fault(session, tmp_path):
    report = json.loads(json_report(session))
    last = report["contenders"][-1]
    for part in (report, report["machine"], last, last["latency_ms"], *report["comparisons"], report["load"]):
        part["weather"] = "warm"
    assert first_fault(report) is None
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(report))
    assert json_report(read_session(path)) == json_report(session)
