"""How many runs a measurement gets when nobody says."""

from __future__ import annotations

from cnnkit.bench.contenders import Kind
from cnnkit.measuring import enough_runs

GENEROUS_RUNS = 1000
FEWEST_RUNS = 30
_GENEROUS_MS = 5_000.0  # more than enough for p99 is run where it takes no longer
_LIMIT_MS = 8_000.0
_P99_LIMIT_MS = 14_000.0  # for p99, where that is enough for it
_PREDICT_LIMIT_MS = 30_000.0
_BATCHES = (3, 20)
_BATCHES_MS = 4_000.0
_BATCH_MS = 1_000.0
_LEAD_IN_MS = 5.0  # of untimed calls at the start of each turn: another process had the caches
_LEAD_INS = (2, 20)


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
    generous, for_p99 = int(_GENEROUS_MS / estimate_ms), enough_runs(99)
    limit = _P99_LIMIT_MS if for_p99 * estimate_ms <= _P99_LIMIT_MS else _LIMIT_MS
    affordable = int((_PREDICT_LIMIT_MS if kind == "original-predict" else limit) / estimate_ms)
    return max(FEWEST_RUNS, min(max(for_p99, generous), affordable, GENEROUS_RUNS))


def fitting_batch(batch_size: int, estimate_ms: float) -> int:
    """Returns how many images to run together: `batch_size`, halved until they take a second at most.

    Args:
        batch_size: The most.
        estimate_ms: What one image takes with the slowest contender.
    """
    while batch_size > 1 and batch_size * estimate_ms > _BATCH_MS:
        batch_size //= 2
    return batch_size


def throughput_runs(estimate_ms: float) -> int:
    """Returns how many batches to run for the throughput.

    Args:
        estimate_ms: What one batch takes.
    """
    fewest, most = _BATCHES
    return max(fewest, min(most, int(_BATCHES_MS / estimate_ms)))


def lead_in(estimate_ms: float) -> int:
    """Returns how many untimed calls bring the caches back to a contender: some 5 ms, 2 to 20 calls, 1 above 25 ms."""
    fewest, most = _LEAD_INS
    return 1 if estimate_ms > 5 * _LEAD_IN_MS else max(fewest, min(most, round(_LEAD_IN_MS / estimate_ms)))


def batch_lead_in(estimate_ms: float) -> int:
    """Returns the same of batches: one, or none where a batch takes a hundred times that long."""
    return int(estimate_ms < 100 * _LEAD_IN_MS)


def paced_runs(fps: float, duration: float | None) -> int:
    """Returns how many images to time at a camera's pace: enough for p95, or as long as is asked for."""
    return enough_runs(95) if duration is None else max(1, round(fps * duration))


def runs_in(budget_ms: float, estimate_ms: float, most: int) -> int:
    """Returns how many runs fit into a time, one at least and `most` at most."""
    return max(1, min(most, int(budget_ms / estimate_ms)))
