"""What verify may allow for a file that rounds, and by what evidence: nothing that strays further is written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ParityError
from cnnkit.export.samples import telling_images
from cnnkit.measuring import Limits, margins, worst_and_changes
from cnnkit.runtime import (
    MOST_DIFFERENCE,
    OnnxClassifier,
    ceiling_of,
    changes_that_count,
    decode_golden,
    encode_golden,
    is_clear,
)
from cnnkit.spec import ModelSpec, Tolerance

TOLERANCE_FACTOR = 1.5  # room for CPUs that round otherwise
LEAST_TOLERANCE = 1e-3  # of a probability
_CEILING_FACTOR = 3.0  # of what 99 % of other images keep
_DIFFERENCE_IMAGES, _QUANTILE, _BATCH = 128, 0.99, 16
_SMALLEST = 1e-4  # a probability below this counts as this: what is far behind may change by much
_WORST_CHANGE = 100.0  # of log-odds: an answer that is no number
_ENOUGH_GOLDEN = 4  # clear ones


def tolerance_for(model: OnnxClassifier, spec: ModelSpec) -> Tolerance:
    """Returns what verify is to allow: the largest difference on the golden images, with room for other CPUs' rounding.

    A label may change on the images where it changed here, and where the two likeliest are closer than that room; all
    of it within the ceiling that the evidence in the spec sets.

    Args:
        model: The file that rounds.
        spec: Its spec, with golden images and what was measured.

    Raises:
        ParityError: It strays further than the ceiling.
    """
    why = straying(model, spec)
    if why:
        raise ParityError(f"{why}: no file was written")
    if not spec.golden:
        return Tolerance(LEAST_TOLERANCE, 0)
    ceiling = ceiling_of(spec).tolerance
    expected, answers = _golden_answers(model, spec)
    worst, _ = worst_and_changes(expected, answers)
    limits = spec.label_limits
    allowed = min(max(worst * TOLERANCE_FACTOR, LEAST_TOLERANCE), ceiling.max_probability_difference)
    close = margins(answers, limits) < 2 * (allowed - worst)
    may_change = int((changes_that_count(expected, answers, limits) | close).sum())
    return Tolerance(allowed, min(may_change, ceiling.max_label_changes))


def straying(model: OnnxClassifier, spec: ModelSpec) -> str:
    """Says how a file's golden answers are beyond the ceiling that the evidence in its spec sets; empty within it."""
    ceiling = ceiling_of(spec)
    if ceiling.fault:
        return ceiling.fault
    if not spec.golden:
        return ""
    expected, answers = _golden_answers(model, spec)
    worst, _ = worst_and_changes(expected, answers)
    changes = int(changes_that_count(expected, answers, spec.label_limits).sum())
    most = ceiling.tolerance
    if changes > most.max_label_changes:
        return (
            f"it changes {changes} of {len(expected)} golden labels, expected at most {most.max_label_changes}, since "
            f"{ceiling.reason}"
        )
    if worst > most.max_probability_difference:
        return (
            f"it moves a probability of a golden image by {worst:.2g}, expected at most "
            f"{most.max_probability_difference:.2g}, by what it does to other images"
        )
    return ""


def difference_ceiling(floating: OnnxClassifier, model: OnnxClassifier, images: NDArray[np.uint8]) -> float:
    """Returns how far a probability may move on golden images, by what rounding does to others.

    Golden images lie near boundaries, where the same rounding moves a probability most. So log-odds of the two
    likeliest classes are compared, or of the independent label nearest to its limit. The change that 99 % of images
    keep, with room, is that of a probability of a half: tanh(change / 4) is how far apart the logistic function is at
    half of it to both sides.

    Args:
        floating: The float32 file.
        model: What rounds.
        images: (N, height, width, channels) uint8, N at least 1; the first 128 are answered.
    """
    parts = []
    for start in range(0, min(len(images), _DIFFERENCE_IMAGES), _BATCH):
        part = images[start : start + _BATCH]
        before, after = floating.probabilities(part), model.probabilities(part)
        parts.append(_odds_changes(before, after, floating.spec.label_limits))
    usual = float(np.quantile(np.concatenate(parts), _QUANTILE))
    return min(MOST_DIFFERENCE, max(LEAST_TOLERANCE, float(np.tanh(usual * _CEILING_FACTOR / 4))))


def _odds_changes(expected: NDArray[np.float32], answers: NDArray[np.float32], limits: Limits) -> NDArray[np.float64]:
    """Returns (N,): by how much the log-odds of (N, classes) probabilities change that are nearest to a decision."""
    if limits:
        nearest = np.abs(expected - np.array(limits)).argmin(axis=1)[:, None]
        expected, answers = (_with_rest(np.take_along_axis(each, nearest, axis=1)) for each in (expected, answers))
    pairs = np.argsort(expected, axis=1)[:, -2:]
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(answers).all(axis=1))
    given = np.where(finite[:, None], answers, 1)
    logits = [np.log(np.maximum(np.take_along_axis(each, pairs, axis=1), _SMALLEST)) for each in (expected, given)]
    before, after = (each[:, 1].astype(np.float64) - each[:, 0] for each in logits)
    return np.where(finite, np.abs(before - after), _WORST_CHANGE)


def _with_rest(column: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([1 - column, column], axis=1)


def with_clear_golden(spec: ModelSpec, floating: OnnxClassifier) -> ModelSpec:
    """Returns a spec whose golden images say something of a file that rounds: their labels are no toss-ups.

    Those that are not clear are left out. Where hardly any is, others are generated, which the float32 file answers.
    """
    if not spec.golden:
        return spec
    limits = spec.label_limits
    clear = tuple(image for image in spec.golden if is_clear(np.array([image.probabilities]), limits)[0])
    if len(clear) < min(_ENOUGH_GOLDEN, len(spec.golden)):
        images, answers = telling_images(floating.probabilities, spec.input, limits)
        telling = is_clear(answers, limits)
        if telling.sum() > len(clear):
            clear = encode_golden(images[telling], answers[telling], color=spec.input.color)
    return replace(spec, golden=clear or spec.golden)


def _golden_answers(model: OnnxClassifier, spec: ModelSpec) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    expected = np.array([image.probabilities for image in spec.golden], np.float32)
    return expected, model.probabilities(decode_golden(spec))
