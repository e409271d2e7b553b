"""Whether a file's labels stand in the order of its classes, told by photos in folders named after them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from cnnkit.measuring import Stage

_FEWEST = 3  # images of a class
_MOSTLY = 0.6  # of them get the same answer


def labels_stage(paths: Sequence[Path], answers: NDArray[np.float32], labels: tuple[str, ...]) -> Stage | None:
    """Returns a stage that failed where classes are told apart and called by one another's names.

    A network that is often wrong, or that answers the same to everything, is not meant: most classes must have an
    answer of their own, and a wrong one.

    Args:
        paths: The images, N of them.
        answers: (N, classes) probabilities of the file.
        labels: Its labels, in order.

    Returns:
        None where nothing speaks against their order.
    """
    names = [normalize("NFC", label) for label in labels]
    given: dict[str, list[int]] = defaultdict(list)
    for path, answer in zip(paths, answers.argmax(axis=1).tolist(), strict=True):
        folder = normalize("NFC", path.parent.name)
        if folder in names:
            given[folder].append(answer)
    judged = {name: each for name, each in given.items() if len(each) >= _FEWEST}
    called = {name: names[answer] for name, each in judged.items() if (answer := _mostly(each)) is not None}
    swapped = {name: answer for name, answer in called.items() if answer != name}
    if 2 * len(swapped) <= len(judged) or len(set(called.values())) < len(called) or len(swapped) < 2:
        return None
    count = sum(map(len, judged.values()))
    right = sum(names[answer] == name for name, each in judged.items() for answer in each)
    told = ", ".join(f"those of {name!r} {answer!r}" for name, answer in list(swapped.items())[:2])
    cause = (
        f"of {len(judged)} classes of images {len(swapped)} are called by another's name, {told}: the labels are in "
        "another order than the classes (--labels of cnnkit export or stamp)"
    )
    return Stage("labels", count, 0.0, right / count, count - right, passed=False, cause=cause)


def _mostly(answers: list[int]) -> int | None:
    """Returns the answer to most images of a class; None where there is none."""
    answer, times = Counter(answers).most_common(1)[0]
    return answer if times >= _MOSTLY * len(answers) else None
