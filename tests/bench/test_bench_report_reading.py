from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_answers import answers_of

from cnnkit.bench.options import BenchOptions
from cnnkit.bench.report.json_text import json_report
from cnnkit.bench.report.markdown_text import markdown_report
from cnnkit.bench.report.page import html_report
from cnnkit.bench.report.reading import read_session
from cnnkit.bench.report.table import plain_report
from cnnkit.bench.summary import summarise
from cnnkit.errors import ReportError

TARGETS = np.array([0, 1, 2, 0])
ANSWERS = answers_of(
    TARGETS, {"net function": TARGETS, "net": np.array([0, 1, 1, 0])}, ("a/0.png", "b/1.png", "c/2.png", "a/3.png")
)


@pytest.fixture(params=["with everything", "one model"])
def session(request, make_contender, timed, machine):
    staged = replace(timed(0.25, 700), stages_ms={"decode": (1.0, 2.0, 3.0), "end to end": (2.0, 3.0, 4.0)})
    if request.param == "one model":
        return summarise([make_contender("net")], {"net": staged}, None, BenchOptions((Path("net.onnx"),)), machine)
    options = BenchOptions(
        (Path("net.onnx"),), Path("net.keras"), Path("test"), 700, 32, 1, seed=3, photo=Path("p.jpg")
    )
    contenders = [make_contender("net function", "original-function"), make_contender("net")]
    return summarise(contenders, {"net function": timed(4.0, 70), "net": staged}, ANSWERS, options, machine, load=0.9)


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
    with pytest.raises(ReportError, match=f"is no report of cnnkit bench .*{part}"):
        read_session(path)
