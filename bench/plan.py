"""How many runs a measurement gets when nobody says."""

from __future__ import annotations

from cnnkit.bench.contenders import Kind
from cnnkit.statistics import enough_runs

GENEROUS_RUNS = 1000
FEWEST_RUNS = 30
_GENEROUS_MS = 5_000.0  # more than enough for p99 is run where it takes no longer
_LIMIT_MS = 20_000.0
_PREDICT_LIMIT_MS = 30_000.0
_BATCHES = (3, 20)
_BATCHES_MS = 4_000.0


def latency_runs(kind: Kind, estimate_ms: float, runs: int | None = None, duration: float | None = None) -> int:
    """Returns how many runs at batch 1 to make: enough for p99, more where runs are short, fewer where they are long.

    Args:
        kind: Keras' predict, which spends tens of milliseconds on each call, gets more time than the others.
        estimate_ms: What one run takes.
        runs: How many are asked for instead.
        duration: How many seconds of them are asked for instead.
    """
    if runs is not None:
        return runs
    if duration is not None:
        return max(1, round(1000 * duration / estimate_ms))
    generous = int(_GENEROUS_MS / estimate_ms)
    limit = _PREDICT_LIMIT_MS if kind == "original-predict" else _LIMIT_MS
    affordable = int(limit / estimate_ms)
    return max(FEWEST_RUNS, min(max(enough_runs(99), generous), affordable, GENEROUS_RUNS))


def throughput_runs(estimate_ms: float) -> int:
    """Returns how many batches to run for the throughput.

    Args:
        estimate_ms: What one batch takes.
    """
    fewest, most = _BATCHES
    return max(fewest, min(most, int(_BATCHES_MS / estimate_ms)))


def paced_runs(fps: float, duration: float | None) -> int:
    """Returns how many images to time at a camera's pace: enough for p95, or as long as is asked for."""
    return enough_runs(95) if duration is None else max(1, round(fps * duration))


def runs_in(budget_ms: float, estimate_ms: float, most: int) -> int:
    """Returns how many runs fit into a time, one at least and `most` at most."""
    return max(1, min(most, int(budget_ms / estimate_ms)))
