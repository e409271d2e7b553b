"""What has gone wrong in a training, said while it can be mended and at its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cnnkit.measuring import wilson_interval
from cnnkit.system import log
from cnnkit.train.fitting import Row

_LEARNED = 0.8  # training accuracy from which validation near chance means learning by heart
_FIRST = 3  # epochs
_FEWEST = 8  # validation images; of fewer even the best figure has an interval down to two thirds
_SHOWN = 5  # classes
_GAP = 0.25  # of training accuracy above validation accuracy: much is learned by heart
_TELLING = 3  # images of a class, none of which is answered rightly
_WIDE = 0.2  # of an interval from end to end: a figure that says little


class Complaints:
    """Looks at every epoch, and says once what is wrong.

    Args:
        targets: (N,) classes of the validation images.
    """

    def __init__(self, targets: NDArray[np.int64]) -> None:
        self._targets, self._said = targets, False

    def look(self, history: Sequence[Row]) -> None:
        """Warns where the training images are known by heart and the validation images not at all."""
        row = history[-1]
        if self._said or row["epoch"] < _FIRST or row["accuracy"] < _LEARNED:
            return
        if not beats_chance(row["val_accuracy"], self._targets):
            self._said = True
            log.warning(
                "training accuracy is %.0f %%, validation accuracy %.0f %% no better than always the commonest class: "
                "the images are learned by heart; add images or augmentation, or take --arch auto",
                100 * row["accuracy"], 100 * row["val_accuracy"],
            )  # fmt: skip


def beats_chance(accuracy: float, targets: NDArray[np.int64]) -> bool:
    """Whether the 95 % interval of an accuracy lies above the share of the commonest class."""
    low, _ = wilson_interval(round(accuracy * len(targets)), len(targets))
    return bool(low > np.bincount(targets).max() / len(targets))


def final_complaints(
    probabilities: NDArray[np.float32], targets: NDArray[np.int64], labels: Sequence[str], learned: float = 0.0
) -> Iterator[str]:
    """Yields what is wrong with a finished network, by its answers to the validation images.

    Args:
        probabilities: (N, classes).
        targets: (N,) classes.
        labels: Their names.
        learned: Accuracy on the training images, a fraction.
    """
    if len(targets) < _FEWEST:
        yield (
            f"the {len(targets)} validation images hardly tell which epoch is best: add images, or hold out more of "
            "them with --validation"
        )
        return
    answers = probabilities.argmax(axis=1)
    if len(np.unique(answers)) == 1 and len(np.unique(targets)) > 1:
        yield f"every validation image is answered with {labels[int(answers[0])]!r}: the network has learned nothing"
    right = float((answers == targets).mean())
    if not beats_chance(right, targets):
        yield (
            f"validation accuracy, {100 * right:.1f} % of {len(targets):,} images, is not above chance by its 95 % "
            "interval: add images, train longer (--epochs), or take --arch auto"
        )
        return
    missed = [
        f"{label} (of {count:,})"
        for index, label in enumerate(labels)
        if (count := int((targets == index).sum())) >= _TELLING and not (answers[targets == index] == index).any()
    ]
    if missed:
        yield f"not one validation image is right of {', '.join(missed[:_SHOWN])}: add images of it, or --class-weights"
    _, high = wilson_interval(round(right * len(targets)), len(targets))
    if learned - right >= _GAP and high < learned:
        yield (
            f"training accuracy is {100 * learned:.0f} %, validation accuracy {100 * right:.0f} %: much is learned by "
            "heart; more images help most, then augmentation"
        )


def says_little(low: float, high: float, images: int) -> str | None:
    """Returns what to say of a figure whose interval, fractions from low to high, is wide; None where it is not."""
    if high - low <= _WIDE:
        return None
    return (
        f"{images:,} images measure little, the truth lies between {100 * low:.0f} and {100 * high:.0f} %: keep more "
        "of them for testing, or average over folds with cnnkit crossval"
    )
