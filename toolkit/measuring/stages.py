"""A stage of a verification: one step between an image and its label, done in two ways and compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnkit.measuring.decisions import Limits, decided

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Stage:
    """One step between an image and its label, done in two ways."""

    name: str
    images: int
    max_probability_difference: float  # 0 to 1
    top1_agreement: float  # fraction of the images with the same likeliest label, or the same independent ones
    label_changes: int
    passed: bool
    max_pixel_difference: float | None = None  # 0 to 255; None where no pixels are compared
    cause: str = ""  # what explains a difference, where it is known


def stage_of(
    name: str,
    expected: NDArray[np.float32],
    answers: NDArray[np.float32],
    *,
    passed: bool,
    max_pixel_difference: float | None = None,
    cause: str = "",
    limits: Limits = (),
) -> Stage:
    """Makes a stage of two sets of answers to the same images.

    Args:
        name: Of the stage.
        expected: (N, classes) probabilities, N at least 1.
        answers: (N, classes) probabilities.
        passed: Whether they are alike enough.
        max_pixel_difference: See `Stage`.
        cause: See `Stage`.
        limits: Of independent labels.
    """
    worst, changes = worst_and_changes(expected, answers, limits)
    agreement = 1 - changes / len(expected)
    return Stage(name, len(expected), worst, agreement, changes, passed, max_pixel_difference, cause)


def worst_and_changes(
    expected: NDArray[np.float32], answers: NDArray[np.float32], limits: Limits = ()
) -> tuple[float, int]:
    """Returns the largest difference of a probability, not finite counting as 1, and how many decisions differ."""
    differences = np.nan_to_num(np.abs(answers - expected), nan=1.0, posinf=1.0)
    return float(differences.max()), int((decided(answers, limits) != decided(expected, limits)).sum())
