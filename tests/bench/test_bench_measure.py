from __future__ import annotations

from pathlib import Path

import pytest

from cnnkit.bench.contenders import BenchOptions
from cnnkit.bench.measure import rounds_of, time_contenders

OPTIONS = BenchOptions((Path("tiny.onnx"),), runs=45, batch_size=32)


@pytest.fixture
def measured(make_contender, fake_runner):
    """Times two contenders of known speed; returns the times, the runners and the pauses."""

    def measure(options=OPTIONS):
        contenders = [make_contender("slow", "original-predict"), make_contender("fast")]
        runners = {"slow": fake_runner("slow", 50.0, 400.0), "fast": fake_runner("fast", 0.5, 10.0)}
        pauses: list[float] = []
        return time_contenders(contenders, runners, options, pause=pauses.append), runners, pauses

    return measure


def test_times_and_memory(measured):
    timed, _, _ = measured()
    assert timed["slow"].latency_ms == (50.0,) * 45
    assert timed["fast"].latency_ms == (0.5,) * 45
    assert (timed["slow"].batch_ms, timed["fast"].batch_ms) == ((400.0,) * 10, (10.0,) * 20)
    assert timed["fast"].peak_memory_bytes == 50_000_000
    assert timed["fast"].loaded.runtime == "fake 1.0 (cpu)"


def test_warm_up_then_rounds_each_with_a_lead_in(measured):
    _, runners, pauses = measured()
    asked = runners["fast"].asked
    assert asked[0] == (1, 5, 10)
    assert asked[1:21] == [(1, 3, 2)] * 5 + [(1, 2, 2)] * 15
    assert asked[21] == (32, 1, 2)
    assert asked[22:] == [(32, 4, 1)] * 5
    assert len(pauses) == 2 * 20 + 2 * 5 + 2 * 5


def test_without_a_number_of_runs_slow_contenders_get_fewer(measured):
    timed, _, _ = measured(BenchOptions((Path("tiny.onnx"),)))
    assert (len(timed["slow"].latency_ms), len(timed["fast"].latency_ms)) == (662, 1000)


def test_fewer_runs_than_rounds(measured):
    timed, _, _ = measured(BenchOptions((Path("tiny.onnx"),), runs=3))
    assert len(timed["fast"].latency_ms) == 3
    assert rounds_of({name: times.latency_ms for name, times in timed.items()}) == 3


def test_stages_are_timed_in_rounds_and_those_without_any_have_none(fake_runner, make_contender):
    class Staged(fake_runner):
        def stages(self, photo, runs, warmup):
            return {"decode": [1.0] * runs, "end to end": [3.0] * runs}

    contenders = [make_contender("with"), make_contender("without")]
    runners = {"with": Staged("with"), "without": fake_runner("without")}
    timed = time_contenders(contenders, runners, BenchOptions((Path("a.onnx"),), runs=30), pause=lambda _: None)
    assert {stage: len(values) for stage, values in timed["with"].stages_ms.items()} == {
        "decode": 100,
        "end to end": 100,
    }
    assert timed["without"].stages_ms == {}
