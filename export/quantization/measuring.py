"""What each candidate costs and brings on this machine: time, size, accuracy and agreement, measured side by side."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.quantization.candidates import Candidate
from cnnkit.export.quantization.effects import Effect
from cnnkit.export.quantization.jury import Jury
from cnnkit.export.quantization.schemes import FLOAT32
from cnnkit.measuring import Clock, time_calls, time_interleaved
from cnnkit.runtime import OnnxClassifier

_WARMUP = 3  # calls
_BATCH, _BATCH_MS = 64, 300.0  # most images at once, and about how long that may take
_BATCH_BYTES, _ACTIVATIONS = 64 * 2**20, 40  # of activations, which take some 40 times the bytes of an image
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
    dropped: str | None = None  # why it was measured no further

    def figures(self) -> dict[str, float]:
        """Returns the figures as the spec holds them."""
        own = {
            "latency_ms": self.latency_ms,
            "ratio": self.ratio,
            "images_per_s": self.images_per_s,
            "runs": float(self.runs),
            "size_bytes": float(self.size_bytes),
        }
        return own if self.effect is None else {**own, **self.effect.figures()}


@dataclass(frozen=True)
class Effort:
    """How much of a candidate is measured."""

    budget_ms: float  # of timed calls of one image
    runs: tuple[int, int]  # fewest and most of them
    rounds: int  # turns
    batch_runs: int  # timed calls of a batch
    images: int | None  # answered; None is all


FULL = Effort(1000.0, (40, 400), 10, 5, None)
SHORT = Effort(120.0, (6, 60), 3, 1, 96)


def measure_candidates(
    candidates: Sequence[Candidate],
    jury: Jury | None,
    image: NDArray[np.uint8],
    threads: int | None,
    *,
    effort: Effort = FULL,
    clock: Clock = perf_counter_ns,
) -> tuple[Measured, ...]:
    """Measures candidates side by side, all of them open at once.

    Args:
        candidates: What to measure; the first is the float32 model.
        jury: Judges their answers; None where there are no images to answer.
        image: (1, height, width, channels) uint8 to time with.
        threads: Of one inference; None takes one a physical core.
        effort: How much is measured.
        clock: Where the time comes from.
    """
    opened = {candidate.name: candidate.open(threads) for candidate in candidates}
    times, batch, batch_times = _time(opened, image, effort, clock)
    medians = {name: median(values) for name, values in times.items()}
    effects = {}
    if jury is not None:
        floating = opened[FLOAT32]
        for name, model in opened.items():
            most = _fewer(effort.images, _SLOW_IMAGES if medians[name] > _SLOW * medians[FLOAT32] else None)
            effects[name] = None if name == FLOAT32 else jury.judge(floating, model, most)
    return tuple(
        Measured(
            candidate,
            candidate.path.stat().st_size,
            medians[candidate.name],
            medians[candidate.name] / medians[FLOAT32],
            batch / median(batch_times[candidate.name]) * 1000,
            batch,
            len(times[candidate.name]),
            effects.get(candidate.name),
        )
        for candidate in candidates
    )


@contextmanager
def frozen_heap() -> Iterator[None]:
    """Keeps what there is out of the garbage collector's way, which runs before each round of timing.

    Else it goes through all of a process that may have TensorFlow in it. What was frozen before stays so.
    """
    before = gc.get_freeze_count()
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        if not before:
            gc.unfreeze()


def _fewer(*counts: int | None) -> int | None:
    """Returns the smallest number; None where there is none."""
    return min((count for count in counts if count is not None), default=None)


def _time(
    models: Mapping[str, OnnxClassifier], image: NDArray[np.uint8], effort: Effort, clock: Clock
) -> tuple[dict[str, list[float]], int, dict[str, list[float]]]:
    """Times one image and a batch of them; returns both, with the size of the batch, in milliseconds."""
    single = {name: _call(model, image) for name, model in models.items()}
    once = max(time_calls(single[FLOAT32], 3, clock=clock)[1:])
    runs = int(min(max(effort.budget_ms / max(once, 1e-3), effort.runs[0]), effort.runs[1]))
    at_once = min(_BATCH, max(1, _BATCH_BYTES // (image.nbytes * _ACTIVATIONS)))
    batch = int(min(max(_BATCH_MS / max(once, 1e-3), 1), at_once))
    many = {name: _call(model, np.repeat(image, batch, axis=0)) for name, model in models.items()}
    with frozen_heap():
        times = time_interleaved(single, warmup=_WARMUP, runs=runs, rounds=effort.rounds, clock=clock)
        batch_times = time_interleaved(many, warmup=1, runs=effort.batch_runs, rounds=effort.batch_runs, clock=clock)
    return times, batch, batch_times


def _call(model: OnnxClassifier, images: NDArray[np.uint8]) -> _Call:
    return _Call(model, model.input_tensor(images))


class _Call:
    """One inference on a tensor that is ready."""

    def __init__(self, model: OnnxClassifier, tensor: NDArray[np.uint8] | NDArray[np.float32]) -> None:
        self._model, self._tensor = model, tensor

    def __call__(self) -> object:
        return self._model.run(self._tensor)
