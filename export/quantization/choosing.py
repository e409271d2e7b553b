"""The decision: the fastest candidate that loses no more than it may. A function of what was measured alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnkit.export.quantization.measuring import Measured
from cnnkit.export.quantization.schemes import FINETUNED, FLOAT32, PREFERRED
from cnnkit.measuring import paired_drop_interval

_LIKE = 1.05  # x the fastest time counts as equally fast: medians on a shared machine differ by as much
_NEAR = 0.05  # of labels: a miss that fine-tuning may make good
_CLOSE = 0.005  # of labels: within a limit by less may be chance


@dataclass(frozen=True)
class Limits:
    """What a candidate may cost; fractions."""

    max_drop: float  # of accuracy, held against the upper end of the drop's 95 % interval
    min_agreement: float  # of labels with float32


@dataclass(frozen=True)
class Decision:
    """What is taken, and why."""

    chosen: Measured
    reason: str
    against: dict[str, str]  # name of each other candidate -> why it is not taken


def objection(measured: Measured, limits: Limits) -> str | None:
    """Says why a candidate must not be taken; None where nothing speaks against it but its time."""
    candidate, effect = measured.candidate, measured.effect
    if candidate.refused is not None:
        return candidate.refused
    if candidate.name == FLOAT32:
        return None
    if measured.dropped is not None:
        return measured.dropped
    if effect is None:
        return "not judged: no images to measure on"
    if effect.agreement < limits.min_agreement:
        return f"same label on {effect.agreement:.2%} only, expected {limits.min_agreement:.0%}"
    if effect.drop is None:
        return None
    told = can_tell(effect.images, limits.max_drop)
    lost = effect.drop[2] if told else effect.drop[0]
    if lost > limits.max_drop:
        verb = "may lose" if told else "loses"
        return f"{verb} {100 * lost:.2f} points of accuracy, {100 * limits.max_drop:g} are allowed"
    return None


def can_tell(images: int, max_drop: float) -> bool:
    """Whether so many images can show that a drop is no larger than allowed: 553 can for half a point.

    Fewer would leave the interval too wide even if no answer changed. Then the drop itself is judged.
    """
    same = np.ones(images, bool)
    return paired_drop_interval(same, same)[2] <= max_drop


def choose(measured: Sequence[Measured], limits: Limits) -> Decision:
    """Chooses among candidates.

    Of those that are about as fast as the fastest one, the one with the most labels of float32 is taken; or one within
    a standard error of that which experience prefers, since among many the luckiest has the most.

    Args:
        measured: All of them, float32 included.
        limits: What they may cost.
    """
    objections = {one.candidate.name: objection(one, limits) for one in measured}
    able = [one for one in measured if objections[one.candidate.name] is None]
    fastest = min(able, key=lambda one: one.latency_ms)
    floating = next(one for one in able if one.candidate.name == FLOAT32)
    like = about_as_fast(able)
    # What is no faster than float32 is not worth another file.
    chosen = floating if floating in like else closest(like)
    against = {
        name: said or (_further(chosen) if one in like else _slower(one, fastest))
        for one, (name, said) in zip(measured, objections.items(), strict=True)
        if one is not chosen
    }
    return Decision(chosen, _reason(chosen, measured, able), against)


def near_miss(measured: Sequence[Measured], chosen: Measured, limits: Limits) -> Measured | None:
    """Returns a faster candidate that a little training may bring within the limits, where float32 is kept.

    That is the closest to float32 of those that may run on the target's CPUs and give at most 5 % more other labels
    than are allowed; None where there is none. Where integers are taken that are within the limit by less than half a
    point, which other images may find beyond it, it is the closest as well.
    """
    if chosen.candidate.name != FLOAT32 and agreement(chosen) >= limits.min_agreement + _CLOSE:
        return None
    close = [
        one for one in measured
        if is_faster(one) and one.candidate.scheme and not one.candidate.refused
        and agreement(one) >= limits.min_agreement - _NEAR
    ]  # fmt: skip
    return max(close, key=agreement, default=None)


def is_faster(one: Measured) -> bool:
    """Whether a candidate is faster than float32 by more than medians differ by chance."""
    return one.ratio * _LIKE < 1


def about_as_fast(able: Sequence[Measured]) -> list[Measured]:
    """Returns those whose times cannot well be told from the fastest one's, or that run the same kernels."""
    fastest = min(able, key=lambda one: one.latency_ms)
    kernels = fastest.candidate.kernels
    same = [one for one in able if kernels is not None and one.candidate.kernels == kernels]
    return [one for one in able if one in same or one.latency_ms <= _LIKE * fastest.latency_ms]


def closest(able: Sequence[Measured]) -> Measured:
    """Returns the candidate closest to float32, by the one-standard-error rule.

    Source of the rule: Breiman et al., "Classification and Regression Trees", 1984, section 3.4.3.
    """
    best = max(able, key=agreement)
    images = best.effect.images if best.effect else 1
    least = agreement(best) - math.sqrt(agreement(best) * (1 - agreement(best)) / images)
    return min((one for one in able if one is best or agreement(one) >= least), key=_preference)


def agreement(one: Measured) -> float:
    """Returns the fraction of images with the label of float32; 0 where it was not measured."""
    return one.effect.agreement if one.effect else 0.0


def _preference(one: Measured) -> tuple[int, float]:
    """Returns what is smaller for a candidate that is preferred before its agreement is known."""
    name = one.candidate.name
    known = -1 if name.endswith(FINETUNED) else PREFERRED.index(name) if name in PREFERRED else len(PREFERRED)
    return known, -agreement(one)


def _further(chosen: Measured) -> str:
    return "no faster than float32" if chosen.candidate.name == FLOAT32 else "as fast, and no closer to float32"


def _slower(one: Measured, fastest: Measured) -> str:
    return f"takes {one.latency_ms / fastest.latency_ms:.2f} x the time of {fastest.candidate.name}"


def _reason(chosen: Measured, measured: Sequence[Measured], able: Sequence[Measured]) -> str:
    if chosen.candidate.name != FLOAT32:
        return f"{chosen.candidate.name} takes {chosen.ratio:.2f} x the time of float32, within the limits"
    others = [one for one in able if one is not chosen]
    faster = [one for one in measured if is_faster(one)]
    if not faster:
        best = min((one.ratio for one in measured if one is not chosen), default=None)
        quickest = "" if best is None else f": the quickest of the others takes {best:.2f} x its time"
        return f"float32 is fastest on this CPU{quickest}"
    if not others:
        return "float32 is kept: nothing that is faster is within the limits"
    return f"float32 is kept: what is within the limits takes {min(one.ratio for one in others):.2f} x its time or more"
