"""What each candidate costs and brings on this machine: time, size, accuracy and agreement, measured side by side."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.quantization.candidates import Candidate
from cnnkit.export.quantization.effects import Effect, measure_effects
from cnnkit.export.quantization.held_out import HeldOut
from cnnkit.export.quantization.schemes import FLOAT32
from cnnkit.measuring import Clock, time_calls, time_interleaved
from cnnkit.runtime import OnnxClassifier

_WARMUP = 5  # calls
_RUNS = (40, 400)  # fewest and most timed calls of one image
_ROUNDS = 10  # turns of each candidate
_BUDGET_MS = 1000.0  # of timed calls, one candidate
_BATCH, _BATCH_MS, _BATCH_RUNS = 64, 300.0, 5  # most images at once, about how long that may take, how often
_SLOW = 1.5  # x the time of float32: never chosen, and answers fewer images
_SLOW_IMAGES = 1000


@dataclass(frozen=True)
class Measured:
    """A candidate and what was measured of it."""

    candidate: Candidate
    size_bytes: int
    latency_ms: float  # median at batch 1
    ratio: float  # its median latency over that of float32
    images_per_s: float
    batch: int  # images at once, for images_per_s
    runs: int  # timed calls behind latency_ms
    effect: Effect | None = None  # against float32; None for float32 itself and where there are no images

    def figures(self) -> dict[str, float]:
        """Returns the figures as the spec holds them."""
        own = {
            "latency_ms": self.latency_ms,
            "ratio": self.ratio,
            "images_per_s": self.images_per_s,
            "size_bytes": float(self.size_bytes),
        }
        return own if self.effect is None else {**own, **self.effect.figures()}


def measure_candidates(
    candidates: tuple[Candidate, ...],
    held_out: HeldOut | None,
    image: NDArray[np.uint8],
    threads: int | None,
    *,
    clock: Clock = perf_counter_ns,
) -> tuple[Measured, ...]:
    """Measures candidates, the first of which is the float32 model.

    Args:
        candidates: What to measure.
        held_out: The images to answer; None where there are none.
        image: (1, height, width, channels) uint8 to time with.
        threads: Of one inference; None takes one a physical core.
        clock: Where the time comes from.
    """
    opened = {candidate.name: candidate.open(threads) for candidate in candidates}
    times, batch, batch_times = _time(opened, image, clock)
    medians = {name: median(values) for name, values in times.items()}
    ratios = {name: value / medians[FLOAT32] for name, value in medians.items()}
    limits = {name: _SLOW_IMAGES if ratio > _SLOW else None for name, ratio in ratios.items()}
    effects: Mapping[str, Effect] = {}
    if held_out is not None:
        floating = opened.pop(FLOAT32)
        effects = measure_effects(floating, opened, held_out, limits)
    return tuple(
        Measured(
            candidate,
            candidate.path.stat().st_size,
            medians[candidate.name],
            ratios[candidate.name],
            batch / median(batch_times[candidate.name]) * 1000,
            batch,
            len(times[candidate.name]),
            effects.get(candidate.name),
        )
        for candidate in candidates
    )


def _time(
    models: Mapping[str, OnnxClassifier], image: NDArray[np.uint8], clock: Clock
) -> tuple[dict[str, list[float]], int, dict[str, list[float]]]:
    """Times one image and a batch of them; returns both, with the size of the batch, in milliseconds."""
    single = {name: _call(model, image) for name, model in models.items()}
    once = max(time_calls(single[FLOAT32], 3, clock=clock)[1:])
    runs = int(min(max(_BUDGET_MS / max(once, 1e-3), _RUNS[0]), _RUNS[1]))
    batch = int(min(max(_BATCH_MS / max(once, 1e-3), 1), _BATCH))
    many = {name: _call(model, np.repeat(image, batch, axis=0)) for name, model in models.items()}
    gc.collect()
    gc.freeze()  # else the collection before each round goes through all of a process that may have TensorFlow in it
    try:
        times = time_interleaved(single, warmup=_WARMUP, runs=runs, rounds=_ROUNDS, clock=clock)
        batch_times = time_interleaved(many, warmup=1, runs=_BATCH_RUNS, rounds=_BATCH_RUNS, clock=clock)
    finally:
        gc.unfreeze()
    return times, batch, batch_times


def _call(model: OnnxClassifier, images: NDArray[np.uint8]) -> _Call:
    return _Call(model, model.input_tensor(images))


class _Call:
    """One inference on a tensor that is ready."""

    def __init__(self, model: OnnxClassifier, tensor: NDArray[np.uint8] | NDArray[np.float32]) -> None:
        self._model, self._tensor = model, tensor

    def __call__(self) -> object:
        return self._model.run(self._tensor)
