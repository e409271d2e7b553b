from __future__ import annotations

import gc
from contextlib import contextmanager
from time import perf_counter_ns

import pytest
from tiny_keras import save_tiny_keras

import cnnkit.bench.measuring.plan
import cnnkit.bench.run
import cnnkit.measuring.timing
from cnnkit.bench.contenders import loading_of
from cnnkit.bench.measuring.runner import LocalRunner
from cnnkit.bench.options import BenchOptions
from cnnkit.bench.run import run_bench
from cnnkit.errors import ModelError


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    """Runs all contenders in this process, which has loaded TensorFlow already."""

    @contextmanager
    def local_runners(contenders, options):
        runners = {each.name: LocalRunner(loading_of(each, options), perf_counter_ns) for each in contenders}
        gc.collect()
        gc.freeze()  # as a worker does: the collections between timings need not walk over all that is loaded
        yield runners
        gc.unfreeze()

    monkeypatch.setattr(cnnkit.bench.run, "worker_processes", local_runners)
    monkeypatch.setattr(cnnkit.bench.measuring.plan, "_BATCHES_MS", 100.0)
    monkeypatch.setattr(cnnkit.measuring.timing, "_LONGEST_MS", 300.0)


def test_models_and_their_original_on_data(make_model, make_image, tmp_path):
    for color in ("red", "green", "blue"):
        make_image(f"data/{color}/1.png", color)
    models = (make_model("net.onnx"), make_model("net.int8.onnx"))
    original = save_tiny_keras(tmp_path / "net.keras")
    session = run_bench(BenchOptions(models, original, tmp_path / "data", runs=11, batch_size=2, cold_start=False))
    assert [(result.name, result.accuracy.top1, result.agreement_with_original) for result in session.results] == [
        ("net predict", 1.0, None),
        ("net predict_on_batch", 1.0, None),
        ("net function", 1.0, None),
        ("net function XLA", 1.0, None),
        ("net", 1.0, 1.0),
        ("net.int8", 1.0, 1.0),
    ]
    assert {result.latency_ms.n for result in session.results} == {11}
    assert len(session.ratios) == 6
    assert (session.rounds, session.images) == (11, 3)


def test_what_was_measured_before_a_failure_is_kept(make_model, make_image, tmp_path, caplog, monkeypatch):
    make_image("data/red/1.png", "red")

    def failing(*_):
        raise OSError("no space left on the device")

    monkeypatch.setattr(cnnkit.bench.run, "classify_all", failing)
    session = run_bench(BenchOptions((make_model(),), data=tmp_path / "data", runs=12, batch_size=2, cold_start=False))
    assert session.results[0].latency_ms.n == 12 and session.images is None
    assert session.unfinished == "no space left on the device"
    assert "what was measured until then follows" in caplog.messages[-1]


def test_an_interruption_keeps_what_was_measured(make_model, make_image, tmp_path, monkeypatch):
    make_image("data/red/1.png", "red")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cnnkit.bench.run, "classify_all", interrupted)
    session = run_bench(BenchOptions((make_model(),), data=tmp_path / "data", runs=12, batch_size=2, cold_start=False))
    assert (session.unfinished, session.results[0].latency_ms.n) == ("interrupted", 12)
    monkeypatch.setattr(cnnkit.bench.run.Measuring, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_bench(BenchOptions((make_model(),)))


def test_a_photo_that_cannot_be_read_is_said_before_anything_is_measured(make_model, tmp_path):
    with pytest.raises(ModelError, match=r"the photo to time with, .*gone\.jpg: no such file"):
        run_bench(BenchOptions((make_model(),), photo=tmp_path / "gone.jpg"))


def test_one_model_alone(make_model):
    session = run_bench(BenchOptions((make_model(),), runs=64, batch_size=2, cold_start=False))
    (result,) = session.results
    assert result.latency_ms.p90 is not None and result.latency_ms.p99 is None
    assert (result.accuracy, result.agreement_with_original, session.ratios) == (None, None, ())
