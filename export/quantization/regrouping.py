"""Takes pixels of the chosen file in groups, where that gains more here than it can cost elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.graph import count, load_graph
from cnnkit.export.quantization.candidates import Candidate, Workshop
from cnnkit.export.quantization.choosing import Decision
from cnnkit.export.quantization.measuring import Measured, measure_candidates
from cnnkit.export.quantization.pixel_groups import group_pixels
from cnnkit.export.quantization.schemes import resolve_target
from cnnkit.machine import describe_machine
from cnnkit.runtime import OnnxClassifier
from cnnkit.system import log

_WORTH = 0.02  # of its time: medians differ by less of it by chance
_COMPARED = 8  # images whose answers must be the same ones

Settled = tuple[Decision, tuple[Measured, ...]]


def regroup(
    workshop: Workshop,
    decision: Decision,
    measured: tuple[Measured, ...],
    images: NDArray[np.uint8],
    threads: int | None,
) -> Settled:
    """Puts another graph into the chosen file, where that gives the same answers and is faster.

    It has more products, most of them with zeros. A file for other CPUs than this one is rewritten only where its time
    falls here by a larger part than its products grow, which is what they could cost a CPU that does nothing else.

    Args:
        workshop: Makes the file.
        decision: What was chosen.
        measured: All candidates, float32 first.
        images: (N, height, width, channels) uint8 that calibrated.
        threads: Of one inference; None takes one a physical core.

    Returns:
        The decision and the candidates with the other file in the place of the chosen one, or as they were.
    """
    chosen = decision.chosen
    made, growth = _rewritten(workshop, chosen.candidate)
    if made is None or not _answers_alike(made.path, chosen.candidate.path, images[:_COMPARED]):
        return decision, measured
    both = (measured[0].candidate, chosen.candidate, made)
    _, before, after = measure_candidates(both, None, images[:1], threads)
    rate = after.latency_ms / before.latency_ms
    log.debug("%s: %.3f x its time, %.3f x its products", made.name, rate, 1 + growth)
    if 1 - rate < max(_WORTH, growth if _is_for_others(workshop) else 0):
        return decision, measured
    regrouped = replace(
        chosen,
        candidate=replace(made, name=chosen.candidate.name),
        size_bytes=after.size_bytes,
        latency_ms=chosen.latency_ms * rate,
        ratio=chosen.ratio * rate,
        images_per_s=chosen.images_per_s * after.images_per_s / before.images_per_s,
    )
    reason = f"{decision.reason}; with pixels in groups {rate:.2f} of that"
    log.info("%s", reason)
    return replace(decision, chosen=regrouped, reason=reason), _replaced(measured, chosen, regrouped)


def _rewritten(workshop: Workshop, candidate: Candidate) -> tuple[Candidate | None, float]:
    """Returns the other file, if there can be one that is as safe, and by what part its products are more."""
    if candidate.scheme is None or candidate.scheme.operators != "qdq":
        return None, 0.0
    graph = load_graph(candidate.path)
    before = count(graph)
    pixels = group_pixels(graph)
    after = count(graph) if pixels else None
    if before is None or after is None or not before.multiply_adds or not after.multiply_adds:
        return None, 0.0
    described = f"{candidate.description}, {pixels} pixels at once in the first convolution"
    name = f"{candidate.name}-grouped"
    made = workshop.keep(graph, candidate.scheme, name=name, description=described, floats=candidate.floats)
    return (made if made.refused == candidate.refused else None), after.multiply_adds / before.multiply_adds - 1


def _answers_alike(path: Path, other: Path, images: NDArray[np.uint8]) -> bool:
    """Whether two files give the same answers to the last bit."""
    answers, others = (OnnxClassifier(each).probabilities(images) for each in (path, other))
    return np.array_equal(answers, others)


def _is_for_others(workshop: Workshop) -> bool:
    """Whether the file is for other CPUs than those of this machine's kind."""
    machine = describe_machine()
    return workshop.target != resolve_target("this", machine.instruction_sets, machine.architecture)


def _replaced(measured: Sequence[Measured], old: Measured, new: Measured) -> tuple[Measured, ...]:
    return tuple(new if one is old else one for one in measured)
