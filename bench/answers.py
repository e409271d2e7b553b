"""The answers of all contenders to the same images, and what of them a later run is compared with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Answers:
    """The answers of all contenders to the same images, as indices into the labels."""

    targets: NDArray[np.int64]  # (N,) the right ones
    ranked: Mapping[str, NDArray[np.int64]]  # name of the contender -> (N, up to 5), the most probable first
    images: tuple[str, ...]  # (N,) paths below the data folder
    file_bytes: tuple[int, ...] = ()  # (N,) sizes of the files
    left_out: int = 0  # images that could not be read

    def predicted(self, name: str) -> NDArray[np.int64]:
        """Returns the (N,) first answers of a contender."""
        return self.ranked[name][:, 0]


@dataclass(frozen=True)
class KeptAnswers:
    """The first answers to all images, kept so that a later run on the same images is compared image by image."""

    images_sha256: str  # of the paths below the data folder and of the files' sizes, in order
    targets: tuple[int, ...]  # indices into the labels
    predicted: Mapping[str, tuple[int, ...]]  # name of the contender -> one an image

    def right(self, name: str) -> NDArray[np.bool_]:
        """Returns (N,) whether a contender was right."""
        right: NDArray[np.bool_] = np.array(self.predicted[name], np.int64) == np.array(self.targets, np.int64)
        return right


def keep(answers: Answers) -> KeptAnswers:
    """Returns the first answers."""
    predicted = {name: tuple(answers.predicted(name).tolist()) for name in answers.ranked}
    lines = "\n".join([*answers.images, *map(str, answers.file_bytes)]).encode("utf-8", "surrogateescape")
    return KeptAnswers(hashlib.sha256(lines).hexdigest(), tuple(answers.targets.tolist()), predicted)
