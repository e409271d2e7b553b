"""How many runs a measurement gets when nobody says."""

from __future__ import annotations

from cnnkit.bench.contenders import Kind
from cnnkit.statistics import enough_runs

GENEROUS_RUNS = 1000
FEWEST_RUNS = 30
_GENEROUS_MS = 5_000.0  # more than enough for p99 is run where it takes no longer
_LIMIT_MS: dict[Kind, float] = {"model": 20_000.0, "original-predict": 45_000.0, "original-function": 20_000.0}
_BATCHES = (3, 20)
_BATCHES_MS = 4_000.0


def latency_runs(kind: Kind, estimate_ms: float) -> int:
    """Returns how many runs at batch 1 to make: enough for p99, more where runs are short, fewer where they are long.

    Args:
        kind: Keras' predict, which spends tens of milliseconds on each call, gets more time than the others.
        estimate_ms: What one run takes.
    """
    generous = int(_GENEROUS_MS / estimate_ms)
    affordable = int(_LIMIT_MS[kind] / estimate_ms)
    return max(FEWEST_RUNS, min(max(enough_runs(99), generous), affordable, GENEROUS_RUNS))


def throughput_runs(estimate_ms: float) -> int:
    """Returns how many batches to run for the throughput.

    Args:
        estimate_ms: What one batch takes.
    """
    fewest, most = _BATCHES
    return max(fewest, min(most, int(_BATCHES_MS / estimate_ms)))
