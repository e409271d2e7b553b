"""A run in an emulated process says so wherever its times are read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cnnkit.bench.judging.decision import decide
from cnnkit.bench.options import BenchOptions
from cnnkit.bench.report.json_text import json_report
from cnnkit.bench.report.markdown_text import markdown_report
from cnnkit.bench.report.page import html_report
from cnnkit.bench.report.table import plain_report
from cnnkit.bench.session.reading import read_session
from cnnkit.bench.session.schema import first_fault
from cnnkit.bench.session.summary import summarise
from cnnkit.machine.emulation import EMULATED


@pytest.fixture
def run(make_contender, timed, machine):
    """Summarises a run of two models on the test machine, or on one that differs from it as said."""

    def make(**differing: object):
        contenders = [make_contender("a"), make_contender("b")]
        times = {"a": timed(1.0, 100), "b": timed(2.0, 100)}
        return summarise(contenders, times, None, BenchOptions((Path("a"), Path("b"))), replace(machine, **differing))

    return make


@pytest.mark.parametrize("render", [plain_report, markdown_report, html_report], ids=lambda f: f.__name__)
@pytest.mark.parametrize(("emulated", "times"), [(True, 1), (False, 0), (None, 0)])
def test_reports_say_it_once(run, render, emulated, times):
    assert render(run(emulated=emulated)).count(EMULATED) == times


def test_the_decision_doubts_it(run):
    assert decide(run(emulated=True)).reasons[-1] == (
        "the process was emulated: measure on a real processor before you rely on the times"
    )


@pytest.mark.parametrize("emulated", [True, False, None])
def test_it_is_kept(run, tmp_path, emulated):
    path = tmp_path / "bench.json"
    path.write_text(json_report(run(emulated=emulated)), encoding="utf-8")
    assert first_fault(json.loads(path.read_text(encoding="utf-8"))) is None
    assert read_session(path).machine.emulated is emulated


def test_reports_of_before_are_read(run, tmp_path):
    report = json.loads(json_report(run()))
    del report["machine"]["emulated"]
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(report), encoding="utf-8")
    assert read_session(path).machine.emulated is None
