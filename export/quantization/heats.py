"""Many candidates in bounded time and memory: all of them briefly, one at a time, then those that may win in full.

Successive halving in two steps (Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter
Optimization", arXiv:1502.07943). What is dropped keeps the figures of its heat, with the number of images and runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.quantization.candidates import Candidate
from cnnkit.export.quantization.choosing import Limits, is_faster, objection
from cnnkit.export.quantization.jury import Jury
from cnnkit.export.quantization.measuring import SHORT, Measured, frozen_heap, measure_candidates
from cnnkit.export.quantization.progress import shown
from cnnkit.measuring import wilson_interval
from cnnkit.system import log

_OPEN = 3  # candidates measured side by side, beside float32
_SLOWER = 1.15  # x the time of float32 in a heat: not faster even if the heat was unlucky
_BEHIND = 1.25  # x the time of one that is within the limits: slower even if the heat was unlucky
_SURE = 0.99  # of an interval that decides before all images are answered


@frozen_heap()
def measure_in_heats(
    candidates: Sequence[Candidate], jury: Jury | None, image: NDArray[np.uint8], threads: int | None, limits: Limits
) -> tuple[Measured, ...]:
    """Measures candidates, at most four of them open at a time.

    Args:
        candidates: What to measure; the first is the float32 model.
        jury: Judges their answers; None where there are no images to answer.
        image: (1, height, width, channels) uint8 to time with.
        threads: Of one inference; None takes one a physical core.
        limits: What they may cost.

    Returns:
        One a candidate, in their order.
    """
    floating, *others = candidates
    heat: dict[str, Measured] = {}
    besides: dict[str, Measured] = {}  # float32 as each was measured beside it
    for candidate in shown(others, "comparing"):
        log.debug("heat of %s", candidate.name)
        beside, one = measure_candidates((floating, candidate), jury, image, threads, effort=SHORT)
        heat[candidate.name] = replace(one, dropped=_hopeless(one, limits))
        besides[candidate.name] = beside
    waiting = sorted((one for one in heat.values() if one.dropped is None), key=lambda one: one.ratio)
    log.info("%d of %d candidates may be taken and are measured in full", len(waiting), len(others))
    full: dict[str, Measured] = {}
    while waiting or not full:
        group, waiting = waiting[:_OPEN], waiting[_OPEN:]
        entered = (floating, *(one.candidate for one in group))
        beside, *measured = measure_candidates(entered, jury, image, threads)
        full.setdefault(floating.name, beside)
        for one in measured:
            full[one.candidate.name], besides[one.candidate.name] = one, beside
        waiting = _not_behind(waiting, heat, _best(full, limits))
    rows = heat | _pooled(full)
    known = full[floating.name]
    return (known, *(_as_if_beside(known, besides[one.name], rows[one.name]) for one in others))


def _pooled(full: dict[str, Measured]) -> dict[str, Measured]:
    """Returns candidates with the median time of those that run the same kernels: what they differ by is chance."""
    ratios: dict[object, list[float]] = {}
    for one in full.values():
        ratios.setdefault(one.candidate.kernels or one.candidate.name, []).append(one.ratio)
    return {
        name: replace(one, ratio=median(ratios[one.candidate.kernels or one.candidate.name]))
        for name, one in full.items()
    }


def _as_if_beside(known: Measured, then: Measured, one: Measured) -> Measured:
    """Returns a candidate with the times it would have had beside `known`, by float32's own times then."""
    rate = one.images_per_s * known.images_per_s / then.images_per_s
    return replace(one, latency_ms=one.ratio * known.latency_ms, images_per_s=rate)


def _best(full: dict[str, Measured], limits: Limits) -> Measured | None:
    """Returns the fastest that is within the limits; None where none is faster than float32."""
    able = [one for one in full.values() if is_faster(one) and objection(one, limits) is None]
    return min(able, key=lambda one: one.ratio, default=None)


def _not_behind(waiting: list[Measured], heat: dict[str, Measured], best: Measured | None) -> list[Measured]:
    """Drops those that are clearly slower than one that can be taken and runs other kernels, and returns the others."""
    if best is None:
        return waiting
    for one in waiting:
        if one.ratio > _BEHIND * best.ratio and (
            one.candidate.kernels is None or one.candidate.kernels != best.candidate.kernels
        ):
            late = f"takes {one.ratio / best.ratio:.2f} x the time of {best.candidate.name}"
            heat[one.candidate.name] = replace(one, dropped=late)
    return [one for one in waiting if heat[one.candidate.name].dropped is None]


def _hopeless(one: Measured, limits: Limits) -> str | None:
    """Says why a candidate will not be taken whatever more is measured; None where it may be."""
    if one.candidate.refused is not None:
        return one.candidate.refused
    if one.ratio > _SLOWER:
        return f"takes {one.ratio:.2f} x the time of float32"
    if one.effect is None:
        return None
    agreeing = round(one.effect.agreement * one.effect.images)
    _, high = wilson_interval(agreeing, one.effect.images, _SURE)
    if high < limits.min_agreement:
        return f"same label on {one.effect.agreement:.1%} of the first {one.effect.images:,} images only"
    if one.effect.drop is not None and one.effect.drop[1] > limits.max_drop:
        return f"loses {100 * one.effect.drop[1]:.1f} points or more on the first {one.effect.images:,} images"
    return None
