from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_answers import answers_of

from cnnkit.bench.judging.baseline import regressions
from cnnkit.bench.options import BenchOptions
from cnnkit.bench.report.json_text import json_report
from cnnkit.bench.session.reading import read_session
from cnnkit.bench.session.summary import summarise
from cnnkit.errors import ReportError

OTHER_IMAGES = tuple(f"red/{number}.jpg" for number in range(100))
IMAGES = tuple(f"red/{number}.png" for number in range(100))


@pytest.fixture
def measure(make_contender, timed, machine):
    """Makes a run of a model of known speed and accuracy."""

    def make(ms=1.0, right=90, name="net", runs=100, images=IMAGES):
        answers = answers_of(np.zeros(100, np.int64), {name: np.array([0] * right + [1] * (100 - right))}, images)
        options = BenchOptions((Path("net.onnx"),), data=Path("data"))
        return summarise([make_contender(name)], {name: timed(ms, runs)}, answers, options, machine)

    return make


@pytest.fixture
def baseline(measure, tmp_path):
    (tmp_path / "bench.json").write_text(json_report(measure()))
    return tmp_path / "bench.json"


@pytest.mark.parametrize(
    ("run", "said"),
    [
        pytest.param({}, [], id="the same"),
        pytest.param({"ms": 1.09}, [], id="a little slower"),
        pytest.param({"ms": 0.5}, [], id="faster"),
        pytest.param({"ms": 1.25}, ["net is 25.0 % slower: 1.25 ms (1.25 to 1.25), the baseline says 1"], id="slower"),
        pytest.param({"right": 87}, [], id="less accurate by chance"),
        pytest.param(
            {"right": 83},
            [
                "net is less accurate: top-1 83.00 %, the baseline says 90.00, the same images cost it "
                "1.25 to 12.47 points"
            ],
            id="less accurate on the same images",
        ),
        pytest.param({"right": 83, "images": OTHER_IMAGES}, [], id="less accurate by chance on other images"),
        pytest.param(
            {"right": 80, "images": OTHER_IMAGES},
            ["net is less accurate: top-1 80.00 %, the baseline says 90.00"],
            id="less accurate on other images",
        ),
        pytest.param(
            {"ms": 9.0, "runs": 5},
            ["net has too few runs, now or in the baseline, to say whether it is slower"],
            id="too few runs for a median",
        ),
    ],
)
def test_what_became_worse_is_said(measure, baseline, run, said):
    assert regressions(measure(**run), read_session(baseline), 0.1) == said


def test_other_images_are_warned_about_and_earlier_files_have_no_answers(measure, baseline, caplog):
    regressions(measure(images=OTHER_IMAGES), read_session(baseline), 0.1)
    assert "the baseline is of other images" in caplog.messages[-1]
    caplog.clear()
    report = json.loads(baseline.read_text())
    del report["answers"]
    baseline.write_text(json.dumps(report))
    assert regressions(measure(right=83), read_session(baseline), 0.1) == []
    assert caplog.messages == []


def test_what_else_is_another_is_warned_about(measure, baseline, caplog):
    earlier = read_session(baseline)
    (result,) = earlier.results
    other = replace(result, precision="int8", runtime="onnxruntime 1.0 (cpu)", accuracy=None)
    assert regressions(measure(), replace(earlier, results=(other,), unfinished="interrupted"), 0.1) == []
    assert caplog.messages == [
        "the baseline ended before all was measured (interrupted)",
        "net: the baseline has precision int8, this run float32",
        "net: the baseline has runtime onnxruntime 1.0 (cpu), this run fake 1.0 (cpu)",
        "net has no accuracy in the baseline: make it with --data",
    ]


def test_slower_on_a_machine_that_was_not_quiet(measure, baseline):
    session = replace(measure(ms=2.0), disturbances=("other programs",))
    (said,) = regressions(session, read_session(baseline), 0.1)
    assert said.endswith("; the machine was not quiet, see disturbed")


def test_nothing_in_common_is_an_error(measure, baseline):
    with pytest.raises(ReportError, match="the baseline has no contender named other, it has net"):
        regressions(measure(name="other"), read_session(baseline), 0.1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda text: text[: len(text) // 2], r"cannot be read \(no whole JSON, ", id="cut short"),
        pytest.param(
            lambda text: text.replace('"schema_version": 1', '"schema_version": 2'), "version 2, expected 1", id="newer"
        ),
        pytest.param(lambda text: "[]", "it has no schema_version", id="a list"),
        pytest.param(
            lambda text: text.replace('"schema_version": 1', '"schema_version": "1"'),
            "version '1', expected 1",
            id="text",
        ),
        pytest.param(lambda text: json.dumps({"schema_version": 1}), "the file has no machine", id="empty"),
    ],
)
def test_what_is_no_baseline_is_one_line(baseline, change, message):
    baseline.write_text(change(baseline.read_text()))
    with pytest.raises(ReportError, match=message) as caught:
        read_session(baseline)
    assert "\n" not in str(caught.value)


def test_a_missing_baseline(tmp_path):
    with pytest.raises(ReportError, match=r"gone\.json cannot be read \(No such file or directory\)"):
        read_session(tmp_path / "gone.json")
