"""Answers of contenders to images, of which only the first counts."""

from __future__ import annotations

import numpy as np

from cnnkit.bench.answers import Answers


def answers_of(targets: np.ndarray, predicted: dict[str, np.ndarray], images: tuple[str, ...]) -> Answers:
    """Returns the answers of contenders by name, each an index into the labels for each image."""
    return Answers(np.asarray(targets), {name: np.asarray(own)[:, None] for name, own in predicted.items()}, images)
