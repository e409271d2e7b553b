"""Whether a model gives probabilities or logits: told by the operator that makes its answers, and held against them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from cnnkit.errors import ModelError, UsageError
from cnnkit.foreign.ending import GraphEnd
from cnnkit.spec import Output

Head = Literal["softmax", "sigmoid", "logits"]

_SUM_TOLERANCE = 1e-3
_QUANTIZED_TOLERANCE = 2e-2  # of probabilities in steps of 1/256 or in float16
_SURE = 0.999  # sigmoids that saturate may sum to 1, too

_LOGARITHMS = frozenset({"LogSoftmax"})  # the softmax of which is the softmax itself
_SIGMOIDS = frozenset({"Sigmoid", "HardSigmoid"})


def are_fractions(values: Any) -> bool:
    """Whether all values are from 0 to 1."""
    return bool(((values >= 0) & (values <= 1)).all())


def are_probabilities(values: Any, tolerance: float = _SUM_TOLERANCE) -> bool:
    """Whether the values of each row are from 0 to 1 and sum to 1."""
    return are_fractions(values) and bool((np.abs(values.sum(axis=-1) - 1) < tolerance).all())


def judge_output(values: Any, end: GraphEnd, said: Head | None, path: Path) -> Output:
    """Returns what answers are.

    Args:
        values: (N, classes) float, of several different images.
        end: How the graph ends.
        said: What the user says its head is; None where nothing is said.
        path: The model's file, for messages.

    Raises:
        ModelError: They are neither, such as those of sigmoids, or no numbers.
        UsageError: Neither the operator nor the user says what they are, or they contradict one another.
    """
    if not np.isfinite(values).all():
        raise ModelError(f"{path} answers with what is no number, expected probabilities or logits: check the scaling")
    if said == "sigmoid" or end.operator in _SIGMOIDS:
        raise ModelError(
            f"{path} ends in independent sigmoids, whose numbers need not sum to 1, expected softmax or logits: give "
            "it a head with one class an image"
        )
    probable = are_probabilities(values, _QUANTIZED_TOLERANCE)
    if end.operator == "Softmax":
        return _of_softmax(values, said, path, probable=probable)
    if said is not None:
        return _as_said(said, path, probable=probable)
    if end.operator in _LOGARITHMS or (end.is_linear() and not probable):
        return "logits"
    if probable and not end.is_linear() and values.max() < _SURE:
        return "probabilities"
    raise UsageError(_question(end, values, path))


def _of_softmax(values: Any, said: Head | None, path: Path, *, probable: bool) -> Output:
    if said == "logits":
        raise UsageError(f"{path} ends in Softmax, which gives probabilities: leave out --head logits")
    if not probable:
        percent = are_probabilities(values / 100, _QUANTIZED_TOLERANCE)
        raise ModelError(
            f"{path} ends in Softmax and gives {'percent' if percent else 'numbers that do not sum to 1'}, expected "
            "probabilities that sum to 1: export it with the Softmax over the classes, and nothing behind it"
        )
    return "probabilities"


def _as_said(said: Head, path: Path, *, probable: bool) -> Output:
    if said == "softmax" and not probable:
        raise UsageError(f"{path} gives numbers that do not sum to 1, expected others with --head softmax: say logits")
    return "probabilities" if said == "softmax" else "logits"


def _question(end: GraphEnd, values: Any, path: Path) -> str:
    made = f"by {end.operator}" if end.operator else "by what cannot be told"
    shown = f"{values.min():.3g} to {values.max():.3g}"
    return (
        f"{path} gives numbers from {shown}, made {made}: say --head softmax if they are probabilities, or --head "
        "logits if a softmax is to follow"
    )
