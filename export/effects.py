"""What quantization costs and brings: accuracy, agreement with the float model, latency, and what verify may allow."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import DataError
from cnnkit.export.held_out import HeldOut
from cnnkit.golden import decode_golden
from cnnkit.runtime import OnnxClassifier
from cnnkit.spec import ModelSpec, Tolerance
from cnnkit.statistics import paired_drop_interval
from cnnkit.timing import Clock, time_calls, time_interleaved

TOLERANCE_FACTOR = 1.5  # room for CPUs that round otherwise
LEAST_TOLERANCE = 1e-3  # of a probability
_WARMUP = 10  # calls
_RUNS = (40, 500)  # fewest and most timed calls
_ROUNDS = 10  # turns of each model
_BUDGET_MS = 2000.0  # of timed calls, one model


@dataclass(frozen=True)
class Effect:
    """How the quantized model answers images that did not calibrate it; accuracies are fractions."""

    images: int
    agreement: float  # images with the same label by both models
    top1_float: float | None = None  # None where the true labels are not known
    top1: float | None = None
    drop: tuple[float, float, float] | None = None  # top1_float - top1, and its 95 % interval

    def figures(self) -> dict[str, float]:
        """Returns the figures as the spec holds them."""
        figures = {"images": float(self.images), "agreement": self.agreement}
        if self.top1 is not None and self.top1_float is not None and self.drop is not None:
            names = ("drop", "drop_low", "drop_high")
            figures |= {"top1": self.top1, "top1_float": self.top1_float, **dict(zip(names, self.drop, strict=True))}
        return figures


def measure_effect(floating: OnnxClassifier, quantized: OnnxClassifier, held_out: HeldOut) -> Effect:
    """Lets both models answer the held-out images.

    Raises:
        DataError: None of them can be read.
    """
    parts = []
    for images, targets in held_out.chunks(floating.spec.input):
        answers = [model.probabilities(images).argmax(axis=1) for model in (floating, quantized)]
        parts.append((*answers, targets if targets is not None else np.zeros(0, np.int64)))
    if not parts:
        raise DataError("none of the images to measure on can be read")
    before, after, targets = (np.concatenate(column) for column in zip(*parts, strict=True))
    agreement = float((before == after).mean())
    if held_out.targets is None:
        return Effect(len(before), agreement)
    right_before, right_after = before == targets, after == targets
    drop = paired_drop_interval(right_before, right_after)
    return Effect(len(before), agreement, float(right_before.mean()), float(right_after.mean()), drop)


def measure_latency(
    floating: OnnxClassifier, quantized: OnnxClassifier, image: NDArray[np.uint8], *, clock: Clock = perf_counter_ns
) -> Mapping[str, float]:
    """Times both models at batch 1, in turns.

    Args:
        floating: The float32 model.
        quantized: The INT8 model.
        image: (1, height, width, channels) uint8.
        clock: Where the time comes from.

    Returns:
        Medians `float32_ms` and `int8_ms`, their `ratio` (below 1 where INT8 is faster), and `runs` of each.
    """
    tensors = [model.input_tensor(image) for model in (floating, quantized)]
    calls = {
        "float32_ms": lambda: floating.run(tensors[0]),
        "int8_ms": lambda: quantized.run(tensors[1]),
    }
    once = max(time_calls(calls["float32_ms"], 3, clock=clock)[1:])
    runs = int(min(max(_BUDGET_MS / max(once, 1e-3), _RUNS[0]), _RUNS[1]))
    gc.collect()
    gc.freeze()  # else the collection before each round goes through all of a process that may have TensorFlow in it
    try:
        times = time_interleaved(calls, warmup=_WARMUP, runs=runs, rounds=_ROUNDS, clock=clock)
    finally:
        gc.unfreeze()
    medians = {name: median(values) for name, values in times.items()}
    return {**medians, "ratio": medians["int8_ms"] / medians["float32_ms"], "runs": float(runs)}


def tolerance_for(quantized: OnnxClassifier, spec: ModelSpec) -> Tolerance:
    """Returns what verify is to allow: the largest difference on the golden images, with room for other CPUs' rounding.

    A label may change on the images where it changed here, and where the two likeliest are closer than that room.

    Args:
        quantized: The INT8 model.
        spec: Whose golden images to take.
    """
    if not spec.golden:
        return Tolerance(LEAST_TOLERANCE, 0)
    expected = np.array([image.probabilities for image in spec.golden], np.float32)
    answers = quantized.probabilities(decode_golden(spec))
    worst = float(np.abs(answers - expected).max())
    allowed = max(worst * TOLERANCE_FACTOR, LEAST_TOLERANCE)
    ordered = np.sort(answers, axis=1)
    close = ordered[:, -1] - ordered[:, -2] < 2 * (allowed - worst)
    changed = answers.argmax(axis=1) != expected.argmax(axis=1)
    return Tolerance(allowed, int((changed | close).sum()))
