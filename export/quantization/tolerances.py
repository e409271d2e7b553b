"""What verify may allow for a file that rounds, and by what evidence: nothing that strays further is written."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ParityError
from cnnkit.export.quantization.odds import LEAST_TOLERANCE
from cnnkit.measuring import margins, worst_and_changes
from cnnkit.runtime import OnnxClassifier, ceiling_of, changes_that_count, decode_golden
from cnnkit.spec import ModelSpec, Tolerance

TOLERANCE_FACTOR = 1.5  # room for CPUs that round otherwise


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


def _golden_answers(model: OnnxClassifier, spec: ModelSpec) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    expected = np.array([image.probabilities for image in spec.golden], np.float32)
    return expected, model.probabilities(decode_golden(spec))
