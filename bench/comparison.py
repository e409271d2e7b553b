"""Two contenders on the same images: how often they say the same, and who is right where they do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnkit.bench.answers import Answers
from cnnkit.measuring import Interval, mcnemar_p_value, paired_drop_interval, wilson_interval


@dataclass(frozen=True)
class Change:
    """An image to which the two give different labels."""

    image: str  # path below the data folder
    target: str
    reference: str
    contender: str


@dataclass(frozen=True)
class ClassChange:
    """How often the two are right on the images of one class."""

    label: str
    images: int
    reference_right: int
    contender_right: int


@dataclass(frozen=True)
class Comparison:
    """How the answers of one contender differ from those of another, on the same images."""

    contender: str
    reference: str
    images: int
    agreement: Interval  # a fraction of the images: the same label; Wilson
    accuracy_drop: Interval  # a fraction: from the reference to the contender; Bonett and Price
    only_reference_right: int  # images
    only_contender_right: int
    p_value: float  # McNemar's exact test: that both are right equally often
    classes: tuple[ClassChange, ...]  # those that lost most first
    changes: tuple[Change, ...]


def compare(contender: str, reference: str, answers: Answers, labels: tuple[str, ...]) -> Comparison:
    """Compares the answers of two contenders.

    Args:
        contender: Its name.
        reference: The other's.
        answers: Of both to the same images.
        labels: Class names.
    """
    theirs, own = answers.predicted(reference), answers.predicted(contender)
    right_before, right_now = theirs == answers.targets, own == answers.targets
    same, n = int((own == theirs).sum()), len(own)
    only_reference, only_contender = int((right_before & ~right_now).sum()), int((right_now & ~right_before).sum())
    return Comparison(
        contender,
        reference,
        n,
        Interval(same / n, *wilson_interval(same, n)),
        Interval(*paired_drop_interval(right_before, right_now)),
        only_reference,
        only_contender,
        mcnemar_p_value(only_reference, only_contender),
        _classes(answers.targets, right_before, right_now, labels),
        tuple(
            Change(answers.images[index], labels[answers.targets[index]], labels[theirs[index]], labels[own[index]])
            for index in np.flatnonzero(own != theirs)
        ),
    )


def _classes(
    targets: NDArray[np.int64], before: NDArray[np.bool_], now: NDArray[np.bool_], labels: tuple[str, ...]
) -> tuple[ClassChange, ...]:
    found = (
        ClassChange(label, int(own.sum()), int(before[own].sum()), int(now[own].sum()))
        for label, own in ((label, targets == index) for index, label in enumerate(labels))
    )
    return tuple(sorted(found, key=lambda change: change.contender_right - change.reference_right))
