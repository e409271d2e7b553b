"""Which layers suffer most from integers, and how many of them must stay in float."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.quantization.candidates import Candidate, Workshop
from cnnkit.export.quantization.schemes import Scheme
from cnnkit.runtime import OnnxClassifier
from cnnkit.system import log

_IMAGES, _FEWEST_IMAGES = 128, 32  # of those that calibrated: their labels are not needed; of large ones fewer
_LARGE = 128  # pixels a side
_FEWEST_GROUPS = 4
SECONDS = 60.0  # that looking may take about
_SMALLEST = 1e-7  # a probability below this counts as this


def rank_layers(
    workshop: Workshop,
    scheme: Scheme,
    floating: OnnxClassifier,
    images: NDArray[np.uint8],
    *,
    seconds: float = SECONDS,
    clock: Callable[[], float] = time.perf_counter,
) -> list[str]:
    """Orders layers by how much the answers move when that layer alone computes in integers.

    Where looking at each would take too long by the time of the first, neighbours are looked at together.

    Args:
        workshop: Makes the models.
        scheme: How layers are quantized.
        floating: The float32 model.
        images: (N, height, width, channels) uint8; the first 128 are answered, of large ones 32.
        seconds: How long it may take, about.
        clock: Where the time comes from.

    Returns:
        The names of the layers, the one that hurts most first.
    """
    layers = workshop.quantizer.layers
    some = images[: _IMAGES if max(images.shape[1:3]) <= _LARGE else _FEWEST_IMAGES]
    expected = floating.probabilities(some)
    moved: dict[str, float] = {}
    started, size, start = clock(), 1, 0
    while start < len(layers):
        group = layers[start : start + size]
        others = [name for name in layers if name not in group]
        alone = workshop.make(scheme, name="sensitivity", floats=others)
        moved |= dict.fromkeys(group, _divergence(expected, alone.open(None).probabilities(some)))
        if not start:
            groups = max(_FEWEST_GROUPS, int(seconds / max(clock() - started, 1e-9)))
            size = -(-len(layers) // groups)
        start += len(group)
    log.debug("sensitivity: %s", ", ".join(f"{name} {value:.2g}" for name, value in moved.items()))
    return sorted(moved, key=lambda name: -moved[name])


def mixed_candidates(workshop: Workshop, scheme: Scheme, ranked: list[str]) -> Iterator[Candidate]:
    """Yields candidates of which ever more layers stay in float: the worst one, two, four, ... of them."""
    count = 1
    while count < len(ranked):
        kept = ranked[:count]
        yield workshop.make(scheme, name=f"{scheme.name}-mixed-{count}", floats=kept)
        count *= 2


def _divergence(expected: NDArray[np.float32], answers: NDArray[np.float32]) -> float:
    """Returns the mean Kullback-Leibler divergence of answers from what was expected, in nats."""
    p, q = np.maximum(expected, _SMALLEST), np.maximum(answers, _SMALLEST)
    return float((p * np.log(p / q)).sum(axis=1).mean())
