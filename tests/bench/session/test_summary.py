from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_answers import answers_of

from cnnkit.bench.options import BenchOptions
from cnnkit.bench.session.summary import latency_of, ratio_pairs, summarise
from cnnkit.measuring.statistics import Interval

OPTIONS = BenchOptions((Path("a.onnx"),), batch_size=32)
ANSWERS = answers_of(
    targets=np.array([0, 0, 1, 1]),
    predicted={
        "net predict": np.array([0, 0, 1, 0]),
        "net function": np.array([0, 0, 1, 0]),
        "a": np.array([0, 1, 1, 0]),
    },
    images=("red/0.png", "red/1.png", "green/0.png", "green/1.png"),
)


@pytest.fixture
def contenders(make_contender):
    return [
        make_contender("net predict", "original-predict"),
        make_contender("net function", "original-function"),
        make_contender("a"),
    ]


@pytest.fixture
def times(timed):
    return {"net predict": timed(50.0, 662), "net function": timed(4.0, 100), "a": timed(0.5, 40)}


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        pytest.param(10, (None, None, None), id="too few for a median"),
        pytest.param(11, (5.0, None, None), id="p50"),
        pytest.param(64, (5.0, 5.0, None), id="p90"),
        pytest.param(662, (5.0, 5.0, 5.0), id="p99"),
    ],
)
def test_percentiles_need_runs(runs, expected):
    found = latency_of([[5.0] * runs])
    assert (found.p50, found.p90, found.p99, found.n) == (*expected, runs)
    assert set(found.intervals) == {f"p{q}" for q in (50, 90, 95, 99) if getattr(found, f"p{q}") is not None}
    assert set(found.intervals.values()) <= {(5.0, 5.0)}


def test_figures_of_a_contender(contenders, times, machine):
    result = summarise(contenders, times, ANSWERS, OPTIONS, machine).results[2]
    assert (result.name, result.kind, result.precision, result.size_bytes) == ("a", "model", "float32", 1000)
    assert result.images_per_s == pytest.approx(32 / 0.016)
    assert (result.accuracy.top1, result.accuracy.n) == (0.5, 4)
    assert result.accuracy.low < 0.5 < result.accuracy.high
    assert result.agreement_with_original == 0.75


def test_the_original_does_not_agree_with_itself(contenders, times, machine):
    results = summarise(contenders, times, ANSWERS, OPTIONS, machine).results
    assert [result.agreement_with_original for result in results[:2]] == [None, None]


def test_without_data_nothing_is_said_of_accuracy(contenders, times, machine):
    session = summarise(contenders, times, None, OPTIONS, machine)
    assert session.images is None
    assert {(result.accuracy, result.agreement_with_original) for result in session.results} == {(None, None)}


def test_ratios(contenders, times, machine):
    ratios = summarise(contenders, times, None, OPTIONS, machine).ratios
    assert [(ratio.numerator, ratio.denominator, ratio.ratio) for ratio in ratios] == [
        ("net predict", "a", Interval(100.0, 100.0, 100.0)),
        ("net function", "a", Interval(8.0, 8.0, 8.0)),
    ]


@pytest.mark.parametrize(
    ("kinds", "pairs"),
    [
        pytest.param({"a": "model"}, [], id="one model"),
        pytest.param({"a": "model", "b": "model", "c": "model"}, [("a", "b"), ("a", "c")], id="first over others"),
        pytest.param(
            {"o": "original-function", "a": "model", "b": "model"},
            [("o", "a"), ("o", "b"), ("a", "b")],
            id="with an original",
        ),
        pytest.param(
            {"p": "original-predict", "o": "original-function", "a": "model", "b": "model"},
            [("p", "a"), ("o", "a"), ("o", "b"), ("a", "b")],
            id="other ways of calling it over the first model",
        ),
    ],
)
def test_pairs_worth_a_ratio(make_contender, kinds, pairs):
    assert ratio_pairs([make_contender(name, kind) for name, kind in kinds.items()]) == pairs


def test_conditions_name_the_data_folder_alone(contenders, times, machine, tmp_path):
    options = BenchOptions((Path("a.onnx"),), data=tmp_path / "photos" / "..", runs=40)
    conditions = summarise(contenders, times, ANSWERS, options, machine).conditions
    assert (conditions["data"], conditions["images"], conditions["runs"]) == (tmp_path.name, 4, 40)
    assert conditions["rounds"] == 20


def test_any_way_of_calling_the_original_is_compared_with(make_contender, timed, machine):
    contenders = [make_contender("net predict", "original-predict"), make_contender("a")]
    times = {"net predict": timed(50.0, 662), "a": timed(0.5, 40)}
    session = summarise(contenders, times, ANSWERS, OPTIONS, machine)
    assert session.results[1].agreement_with_original == 0.75
    assert [found.reference for found in session.comparisons] == ["net predict"]


def test_rounds_are_those_that_were_run(contenders, times, machine):
    times = {name: replace(each, latency_runs=(10, 20, 10)) for name, each in times.items()}
    times = {name: replace(each, latency_ms=each.latency_ms[:40]) for name, each in times.items()}
    assert summarise(contenders, times, None, OPTIONS, machine).rounds == 3


def test_each_file_is_compared_across_its_providers(make_contender):
    first, second = make_contender("a"), make_contender("b")
    contenders = [replace(each, name=f"{each.name} on {on}", provider=on) for each in (first, second) for on in "xyz"]
    elsewhere = replace(first, name="a OpenVINO", runtime="openvino")
    pairs = ratio_pairs([*contenders, elsewhere])
    assert pairs[:6] == [("a on x", name) for name in ("a on y", "a on z", "b on x", "b on y", "b on z", "a OpenVINO")]
    assert pairs[6:] == [("b on x", "b on y"), ("b on x", "b on z")]
