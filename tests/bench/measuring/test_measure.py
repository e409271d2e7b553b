from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from cnnkit.bench.measuring.cold_start import ColdStart
from cnnkit.bench.measuring.machine_load import MachineLoad, ProcessorTimes
from cnnkit.bench.measuring.measure import Measuring, rounds_of
from cnnkit.bench.options import BenchOptions
from cnnkit.errors import ModelError

OPTIONS = BenchOptions((Path("tiny.onnx"),), runs=45, batch_size=32)


@pytest.fixture
def measured(make_contender, fake_runner):
    """Times two contenders of known speed; returns the times, the runners and the pauses."""

    def measure(options=OPTIONS, slow=None):
        contenders = [make_contender("slow", "original-predict"), make_contender("fast")]
        runners = {"slow": slow or fake_runner("slow", 50.0, 400.0), "fast": fake_runner("fast", 0.5, 10.0)}
        pauses: list[float] = []
        measuring = Measuring(contenders, runners, options, pause=pauses.append, cold_starts=cold_starts)
        measuring.run()
        return measuring.found(), runners, pauses

    return measure


def cold_starts(loadings):
    return {loading.name: ColdStart(100.0, 20.0, 3.0, 123.0, 5) for loading in loadings}


def test_times_and_memory(measured):
    timed, _, _ = measured()
    assert timed["slow"].latency_ms == (50.0,) * 45
    assert timed["fast"].latency_ms == (0.5,) * 45
    assert (timed["slow"].batch_ms, timed["fast"].batch_ms) == ((400.0,) * 10, (10.0,) * 20)
    assert timed["fast"].peak_memory_bytes == 50_000_000
    assert timed["fast"].loaded.runtime == "fake 1.0 (cpu)"
    assert timed["fast"].cold_start.total_ms == 123.0
    assert (timed["fast"].paced_ms, timed["fast"].sweep, timed["fast"].profile) == ((), (), None)


def test_warm_up_then_rounds_each_with_a_lead_in(measured):
    _, runners, pauses = measured()
    asked = runners["fast"].asked
    assert runners["fast"].warmed_up == [1, 32]
    assert asked[:20] == [(1, 3, 10)] * 5 + [(1, 2, 10)] * 15  # 5 ms
    assert asked[20:] == [(32, 4, 1)] * 5
    assert len(pauses) == 2 * 20 + 2 * 5 + 2 * 5


@pytest.mark.parametrize(("fit", "size"), [(True, 8), (False, 32)])
def test_slow_contenders_get_a_smaller_batch_where_none_was_asked_for(fake_runner, make_contender, fit, size):
    contenders = [make_contender("predict", "original-predict"), make_contender("fast"), make_contender("slow")]
    runners = {name: fake_runner(name, ms) for name, ms in (("predict", 500.0), ("fast", 1.0), ("slow", 100.0))}
    options = BenchOptions((Path("a.onnx"),), runs=30, batch_size=32, fit_batch=fit, cold_start=False)
    measuring = Measuring(contenders, runners, options, pause=lambda _: None)
    measuring.run()
    assert measuring.options.batch_size == size
    assert {runner.warmed_up[-1] for runner in runners.values()} == {size}


@pytest.mark.parametrize(
    ("options", "runs"),
    [
        pytest.param({}, (600, 1000), id="slow contenders get fewer"),
        pytest.param({"duration": 2.0}, (40, 4000), id="by time"),
        pytest.param({"runs": 3}, (3, 3), id="fewer than rounds"),
    ],
)
def test_number_of_runs(measured, options, runs):
    timed, _, _ = measured(BenchOptions((Path("tiny.onnx"),), **options))
    assert (len(timed["slow"].latency_ms), len(timed["fast"].latency_ms)) == runs
    assert {len(rounds_of(times)) for times in timed.values()} == {min(20, *runs)}


def test_a_cameras_pace(measured):
    timed, _, _ = measured(BenchOptions((Path("tiny.onnx"),), runs=3, fps=30.0))
    assert (len(timed["fast"].paced_ms), timed["fast"].dropped) == (130, 10)
    timed, _, _ = measured(BenchOptions((Path("tiny.onnx"),), duration=10.0, fps=30.0))
    assert (len(timed["fast"].paced_ms), timed["fast"].paced_runs) == (300, (30,) * 10)
    timed, _, _ = measured(BenchOptions((Path("tiny.onnx"),), duration=6.0, fps=0.5))
    assert timed["fast"].paced_runs == (1,) * 3


def test_what_xla_cannot_compile_is_left_out(make_contender, fake_runner, caplog):
    class Refusing(fake_runner):
        def warm_up(self, batch_size):
            raise ModelError("XLA cannot compile it: no such operator")

    for kind, left in (("original-xla", ["fast"]), ("original-function", None)):
        contenders = [make_contender("other", kind), make_contender("fast")]
        runners = {"other": Refusing("other"), "fast": fake_runner("fast")}
        measuring = Measuring(contenders, runners, OPTIONS, pause=lambda _: None, cold_starts=cold_starts)
        if left is None:
            with pytest.raises(ModelError):
                measuring.run()
        else:
            measuring.run()
            assert list(measuring.found()) == left
    assert caplog.messages.count("other is left out: XLA cannot compile it: no such operator") == 1


@pytest.mark.parametrize(("calls", "rounds", "batches"), [(0, None, 0), (7, 7, 0), (20, 20, 0), (23, 20, 12)])
def test_an_interruption_keeps_what_was_measured(make_contender, fake_runner, calls, rounds, batches):
    class Interrupted(fake_runner):
        def time(self, batch_size, runs, warmup):
            if len(self.asked) == calls:
                raise KeyboardInterrupt
            return super().time(batch_size, runs, warmup)

    runners = {"tiny": Interrupted("tiny")}
    options = BenchOptions((Path("tiny.onnx"),), runs=40, batch_size=32)
    measuring = Measuring([make_contender("tiny")], runners, options, pause=lambda _: None, cold_starts=cold_starts)
    with pytest.raises(KeyboardInterrupt):
        measuring.run()
    found = measuring.found()
    assert ([len(times.latency_ms) for times in found.values()] == [2 * rounds]) if rounds else (found == {})
    assert sum(len(times.batch_ms) for times in found.values()) == batches


def test_stages_are_timed_in_rounds_and_those_without_any_have_none(fake_runner, make_contender):
    class Staged(fake_runner):
        def stages(self, photo, runs, warmup):
            return {"decode": [1.0] * runs, "end to end": [3.0] * runs}

    contenders = [make_contender("with"), make_contender("without")]
    runners = {"with": Staged("with"), "without": fake_runner("without")}
    options = BenchOptions((Path("a.onnx"),), runs=30, cold_start=False)
    measuring = Measuring(contenders, runners, options, pause=lambda _: None)
    measuring.run()
    timed = measuring.found()
    assert {stage: len(values) for stage, values in timed["with"].stages_ms.items()} == {
        "decode": 100,
        "end to end": 100,
    }
    assert timed["without"].stages_ms == {}


def test_other_load_is_that_without_the_contenders_own(fake_runner, make_contender, monkeypatch):
    class Working(fake_runner):
        def processor_s(self):
            return 3.0 * len(self.asked) / 25  # three seconds in all

    monkeypatch.setattr("cnnkit.bench.measuring.measure.process_time", lambda: 0.0)
    readings = iter([ProcessorTimes(0.0, 0.0, 0.0), ProcessorTimes(10.0, 3.0 + 2.0 * os.cpu_count(), 0.0)])
    options = BenchOptions((Path("a.onnx"),), runs=30, cold_start=False)
    measuring = Measuring(
        [make_contender("a")],
        {"a": Working("a")},
        options,
        0.1,
        pause=lambda _: None,
        processors=lambda: next(readings),
    )
    assert measuring.load == MachineLoad(before=0.1)
    measuring.run()
    assert measuring.load == MachineLoad(0.1, pytest.approx(0.2), 0.0)


@pytest.mark.parametrize("step", ["loaded", "warm_up"])
def test_a_provider_that_cannot_start_is_left_out(make_contender, fake_runner, caplog, step):
    def failing(*_):
        raise ModelError("provider cuda cannot start")

    contender = make_contender("net")
    contenders = [replace(contender, name=f"net on {on}", provider=on) for on in ("cuda", "cpu")]
    runners = {each.name: fake_runner(each.name) for each in contenders}
    setattr(runners["net on cuda"], step, failing)
    measuring = Measuring(contenders, runners, OPTIONS, pause=lambda _: None, cold_starts=cold_starts)
    measuring.run()
    assert list(measuring.found()) == ["net on cpu"]
    assert caplog.messages.count("net on cuda is left out: provider cuda cannot start") == 1
    setattr(runners["net on cpu"], step, failing)
    with pytest.raises(ModelError, match="provider cuda cannot start"):
        Measuring(contenders, runners, OPTIONS, pause=lambda _: None, cold_starts=cold_starts).run()
