"""Training images that look like another class than their own: labels that may be wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.system import log
from cnnkit.train.data import Dataset

_LIKELY, _UNLIKELY = 0.9, 0.2  # of what is usual: probability of another class at least, and of its own at most
_SHOWN = 3
_MANY = 0.02  # of all images, from which on it is a warning: a few may simply be hard


def find_doubts(probabilities: NDArray[np.float32], targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Finds images that are, by a model that has not seen them, about as surely of another class as images of that are.

    What is sure is measured by the images of each class, as in Northcutt et al., "Confident Learning",
    arXiv:1911.00068, section 3.1: where labels are wrong, or classes hard to tell, no answer is very sure.

    Args:
        probabilities: (N, classes) of models that learned without the image.
        targets: (N,) the class that each image is said to be of.

    Returns:
        Indices of the images, the least likely labels first.
    """
    classes = probabilities.shape[1]
    usual = np.array([probabilities[targets == label, label].mean() for label in range(classes)])
    own = probabilities[np.arange(len(targets)), targets]
    others = probabilities.copy()
    others[np.arange(len(targets)), targets] = -1.0
    doubtful = (others >= _LIKELY * usual).any(axis=1) & (own <= _UNLIKELY * usual[targets])
    found = np.flatnonzero(doubtful)
    return found[np.argsort(own[found], kind="stable")]


def say_doubts(probabilities: NDArray[np.float32], dataset: Dataset) -> None:
    """Names training images whose labels may be wrong.

    Args:
        probabilities: See `find_doubts`.
        dataset: With the images as its training split.
    """
    split = dataset.train
    found = find_doubts(probabilities, split.targets).tolist()
    if not found:
        return
    paths = split.paths()
    guesses = probabilities.argmax(axis=1)
    shown = ", ".join(
        f"{_name(paths, index, dataset.labels[split.targets[index]])} ({dataset.labels[guesses[index]]}?)"
        for index in found[:_SHOWN]
    )
    more = ", ..." if len(found) > _SHOWN else ""
    say = log.warning if len(found) > _MANY * len(split) else log.info
    say("%s of %s training images look like another class than their own, see whether their labels are right: %s%s",
        f"{len(found):,}", f"{len(split):,}", shown, more)  # fmt: skip


def _name(paths: tuple[str, ...], index: int, label: str) -> str:
    """Returns the folder and name of a file; the label of an image that lies in none."""
    return "/".join(Path(paths[index]).parts[-2:]) if paths else label
