"""What a model's numbers are: told by the operator that makes its answers, and held against them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from cnnkit.errors import ModelError, UsageError
from cnnkit.foreign.ending import GraphEnd
from cnnkit.spec import Output

Head = Literal["softmax", "sigmoid", "logits", "sigmoid-logits"]

_SUM_TOLERANCE = 1e-3
_QUANTIZED_TOLERANCE = 2e-2  # of probabilities in steps of 1/256 or in float16
_SURE = 0.999  # sigmoids that saturate may sum to 1, too

_LOGARITHMS = frozenset({"LogSoftmax"})  # the softmax of which is the softmax itself
_SIGMOIDS = frozenset({"Sigmoid", "HardSigmoid"})
_OF_EACH = ("sigmoid", "sigmoid-logits")  # heads whose labels do not exclude one another


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
        ModelError: They are neither probabilities nor logits, such as percent, or no numbers.
        UsageError: Neither the operator nor the user says what they are, or they contradict one another.
    """
    if not np.isfinite(values).all():
        raise ModelError(f"{path} answers with what is no number, expected probabilities or logits: check the scaling")
    refuse_argmax(end, path)
    if values.size == len(values):
        return _of_one_unit(values, end, said, path)
    if end.operator in _SIGMOIDS or said in _OF_EACH:
        return _of_each(values, end, said, path)
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


def refuse_argmax(end: GraphEnd, path: Path) -> None:
    """Refuses a graph that names a class and says nothing of the others.

    Raises:
        ModelError: It is one.
    """
    if end.operator == "ArgMax":
        raise ModelError(
            f"{path} ends in ArgMax, which gives the number of a class and nothing more, expected probabilities or "
            "logits: export it without, or, of an ONNX file, cnnkit stamp takes it off"
        )


def _of_one_unit(values: Any, end: GraphEnd, said: Head | None, path: Path) -> Output:
    """Returns what the one number is that tells two classes apart: the probability or the logit of the second."""
    if end.operator == "Softmax":
        raise ModelError(
            f"{path} ends in Softmax over one number, which is 1 for every image, expected a Sigmoid there: give it a "
            "head of two classes"
        )
    if end.operator in _SIGMOIDS or said == "sigmoid":
        if said not in (None, "sigmoid"):
            raise UsageError(f"{path} ends in {end.operator}, which gives a probability: leave out --head {said}")
        _refuse_beyond(values, path)
        return "probabilities"
    if said in ("logits", "sigmoid-logits"):
        return "logits"
    raise UsageError(
        f"{path} gives one number, from {values.min():.3g} to {values.max():.3g}, made {_maker(end)}: say --head "
        "sigmoid if it is the probability of the second label, or --head logits if a sigmoid is to follow"
    )


def _of_each(values: Any, end: GraphEnd, said: Head | None, path: Path) -> Output:
    """Returns what the numbers are of labels that do not exclude one another."""
    if end.operator in _SIGMOIDS and said not in (None, "sigmoid"):
        raise UsageError(f"{path} ends in {end.operator}, which gives a probability a label: leave out --head {said}")
    if end.operator == "Softmax":
        raise UsageError(f"{path} ends in Softmax, whose classes exclude one another: leave out --head {said}")
    if said == "sigmoid-logits":
        return "independent-logits"
    _refuse_beyond(values, path)
    return "independent"


def _refuse_beyond(values: Any, path: Path) -> None:
    if not are_fractions(values):
        raise UsageError(
            f"{path} gives numbers from {values.min():.3g} to {values.max():.3g}, expected 0 to 1 of sigmoids: say "
            "--head sigmoid-logits if a sigmoid is to follow"
        )


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
    shown = f"{values.min():.3g} to {values.max():.3g}"
    return (
        f"{path} gives numbers from {shown}, made {_maker(end)}: say --head softmax if they are probabilities, --head "
        "logits if a softmax is to follow, sigmoid or sigmoid-logits where an image may have several labels"
    )


def _maker(end: GraphEnd) -> str:
    return f"by {end.operator}" if end.operator else "by what cannot be told"
