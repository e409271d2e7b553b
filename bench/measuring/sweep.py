"""Every number of threads with every batch size, and what follows from it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.machine import physical_cores
from cnnkit.measuring import REST_S, Clock, time_calls, turn_order
from cnnkit.runtime import OnnxClassifier

_ROUNDS = 5
_TURN_MS = 40.0  # of each combination in each round
_FEWEST = 2  # runs in a turn
_RESTLESS = 1.25  # most over least of the rounds
_ENOUGH = 0.95  # of the best throughput: a smaller batch that reaches it is better, for its images wait less


@dataclass(frozen=True)
class SweepPoint:
    """One number of threads with one batch size."""

    threads: int
    batch_size: int
    batch_ms: float  # median time of a batch
    low_ms: float  # least and most of the medians of the rounds
    high_ms: float
    n: int  # runs

    @property
    def images_per_s(self) -> float:
        """Throughput, from the median batch."""
        return self.batch_size / self.batch_ms * 1000


def thread_counts() -> list[int]:
    """Returns the numbers of threads worth trying here: powers of two, the physical cores, all logical ones."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    powers = [2**power for power in range(usable.bit_length())]
    return sorted({*powers, min(physical_cores() or usable, usable), usable})


def batch_sizes(largest: int) -> list[int]:
    """Returns the powers of two up to `largest`, and that itself."""
    return sorted({*(2**power for power in range(largest.bit_length())), largest})


def sweep_model(
    path: Path, provider: str, images: NDArray[np.uint8], threads: Sequence[int], sizes: Sequence[int], clock: Clock
) -> list[dict[str, Any]]:
    """Measures in rounds, each combination in every round.

    Args:
        path: An ONNX file with a spec.
        provider: Where it runs.
        images: (N, height, width, channels) uint8, as many as the largest batch.
        threads: Numbers of threads.
        sizes: Batch sizes.
        clock: Where times come from.

    Returns:
        `SweepPoint`s as plain values.
    """
    calls, runs = {}, {}
    for count in threads:
        classifier = OnnxClassifier(path, threads=count, provider=provider)
        for size in sizes:
            tensor = classifier.input_tensor(images[:size])
            calls[count, size] = lambda classifier=classifier, tensor=tensor: classifier.run(tensor)
            estimate = median(time_calls(calls[count, size], 3, clock=clock))
            runs[count, size] = max(_FEWEST, min(200, int(_TURN_MS / estimate)))
    rounds: dict[tuple[int, int], list[list[float]]] = {key: [] for key in calls}
    names = [f"{count} {size}" for count, size in calls]
    keys = dict(zip(names, calls, strict=True))
    for turn in range(_ROUNDS):
        for name in turn_order(names, turn):
            key = keys[name]
            sleep(REST_S)
            calls[key]()
            rounds[key].append(time_calls(calls[key], runs[key], clock=clock))
    return [_point(*key, times) for key, times in rounds.items()]


def _point(threads: int, size: int, rounds: list[list[float]]) -> dict[str, Any]:
    medians = [median(times) for times in rounds]
    together = [ms for times in rounds for ms in times]
    return {
        "threads": threads,
        "batch_size": size,
        "batch_ms": median(together),
        "low_ms": min(medians),
        "high_ms": max(medians),
        "n": len(together),
    }


def advice(name: str, points: Sequence[SweepPoint]) -> list[str]:
    """Says what follows from a sweep: the threads for one image at a time, threads and batch for the most images.

    Fewer threads are advised where more of them are not faster by more than the rounds differ, and the smallest batch
    that reaches 95 % of the best throughput, or what the best itself reached in its slowest round.

    Args:
        name: The contender.
        points: Its sweep.
    """
    single = sorted((point for point in points if point.batch_size == 1), key=lambda point: point.threads)
    fastest = min(single, key=lambda point: point.batch_ms)
    frugal = next(point for point in single if point.batch_ms <= max(fastest.batch_ms, fastest.high_ms))
    best = max(points, key=lambda point: point.images_per_s)
    least = min(_ENOUGH * best.images_per_s, best.batch_size / best.high_ms * 1000)  # rounds of the best itself differ
    enough = [point for point in points if point.images_per_s >= least]
    batch = min(enough, key=lambda point: (point.batch_size, point.threads))
    found = [f"{name}, one image at a time: --threads {frugal.threads}, {frugal.batch_ms:.3g} ms"]
    most = max(single, key=lambda point: point.threads)
    if most.low_ms > frugal.high_ms:
        found[0] += f" ({most.threads} threads take {most.batch_ms:.3g})"
    gain = batch.images_per_s * frugal.batch_ms / 1000
    found.append(
        f"{name}, many images: --threads {batch.threads} --batch-size {batch.batch_size}, "
        f"{batch.images_per_s:,.0f} images/s, {gain:.2f} times those of one at a time"
    )
    restless = [point for point in points if point.high_ms > _RESTLESS * point.low_ms]
    if len(restless) > len(points) / 4:
        found.append(f"{name}: the rounds of the sweep differ by more than a quarter, so repeat it on a quiet machine")
    return found
