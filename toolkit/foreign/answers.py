"""Whether a model gives probabilities or logits, told by its answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cnnkit.errors import ModelError
from cnnkit.spec import Output

_SUM_TOLERANCE = 1e-3
_QUANTIZED_TOLERANCE = 2e-2  # of probabilities in steps of 1/256 or in float16


def are_fractions(values: Any) -> bool:
    """Whether all values are from 0 to 1."""
    return bool(((values >= 0) & (values <= 1)).all())


def are_probabilities(values: Any, tolerance: float = _SUM_TOLERANCE) -> bool:
    """Whether the values of each row are from 0 to 1 and sum to 1."""
    return are_fractions(values) and bool((np.abs(values.sum(axis=-1) - 1) < tolerance).all())


def output_kind(values: Any, path: Path) -> Output:
    """Returns what answers are.

    Args:
        values: (N, classes) float, of several different images.
        path: The model's file, for messages.

    Raises:
        ModelError: They are neither, such as those of sigmoids.
    """
    if are_probabilities(values, _QUANTIZED_TOLERANCE):
        return "probabilities"
    if are_fractions(values):
        raise ModelError(f"{path} gives numbers from 0 to 1 that do not sum to 1, expected softmax or logits")
    return "logits"
