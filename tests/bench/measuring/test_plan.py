from __future__ import annotations

import pytest

from cnnkit.bench.measuring.plan import batch_lead_in, fitting_batch, latency_runs, lead_in, runs_in, throughput_runs


@pytest.mark.parametrize(
    ("kind", "estimate_ms", "runs"),
    [
        pytest.param("model", 0.25, 1000, id="short runs: more than p99 takes"),
        pytest.param("model", 6.0, 833, id="as many as five seconds hold"),
        pytest.param("model", 20.0, 662, id="enough for p99"),
        pytest.param("model", 22.0, 363, id="no more than eight seconds where fourteen are not enough for p99"),
        pytest.param("model", 100.0, 80, id="no more than eight seconds"),
        pytest.param("original-predict", 45.0, 662, id="predict gets more time"),
        pytest.param("original-predict", 100.0, 300, id="but not without end"),
        pytest.param("original-function", 5000.0, 30, id="never fewer than thirty"),
    ],
)
def test_latency_runs(kind, estimate_ms, runs):
    assert latency_runs(kind, estimate_ms) == runs


@pytest.mark.parametrize(
    ("estimate_ms", "runs"),
    [
        pytest.param(1.0, 20, id="short"),
        pytest.param(500.0, 8, id="four seconds"),
        pytest.param(9000.0, 3, id="never fewer than three"),
    ],
)
def test_throughput_runs(estimate_ms, runs):
    assert throughput_runs(estimate_ms) == runs


@pytest.mark.parametrize(
    ("batch_size", "estimate_ms", "size"),
    [(64, 15.6, 64), (64, 15.7, 32), (64, 70.0, 8), (64, 5000.0, 1), (50, 30.0, 25), (1, 5000.0, 1)],
)
def test_a_batch_that_takes_a_second_at_most(batch_size, estimate_ms, size):
    assert fitting_batch(batch_size, estimate_ms) == size


@pytest.mark.parametrize(
    ("estimate_ms", "calls", "batches"), [(0.1, 20, 1), (0.5, 10, 1), (25.0, 2, 1), (40.0, 1, 1), (500.0, 1, 0)]
)
def test_untimed_calls_before_each_turn(estimate_ms, calls, batches):
    assert (lead_in(estimate_ms), batch_lead_in(estimate_ms)) == (calls, batches)


@pytest.mark.parametrize(("estimate", "runs"), [(0.1, 20), (100.0, 10), (5000.0, 1)])
def test_runs_that_fit_into_a_second(estimate, runs):
    assert runs_in(1000.0, estimate, 20) == runs
