"""What every runtime of a classifier offers, and what an answer looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cnnkit.spec import ModelSpec


@dataclass(frozen=True)
class Candidate:
    """One class with its probability."""

    label: str
    probability: float  # 0 to 1


@dataclass(frozen=True)
class Prediction:
    """The answer for one image: the likeliest class first."""

    label: str
    confidence: float  # probability of `label`, 0 to 1
    top: tuple[Candidate, ...]  # falling probability


class Classifier(Protocol):
    """A model that gives class probabilities for images of its own size."""

    @property
    def spec(self) -> ModelSpec:
        """The model's spec."""
        ...

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classifies a batch.

        Args:
            images: (N, height, width, channels) uint8 in 0..255, of the spec's size and colour order, whatever
                layout, dtype and scaling the model takes inside.

        Returns:
            (N, classes) float32 probabilities that sum to 1 in each row.
        """
        ...


def top_candidates(probabilities: NDArray[np.float32], labels: tuple[str, ...], k: int) -> Prediction:
    """Names the k likeliest classes of one image; equal probabilities keep the order of the labels.

    Args:
        probabilities: (classes,) float.
        labels: One name a class.
        k: How many candidates to keep, at least 1; more than there are classes keeps all.
    """
    order = (-probabilities).argsort(kind="stable")[: max(1, k)]
    top = tuple(Candidate(labels[index], float(probabilities[index])) for index in order)
    return Prediction(top[0].label, top[0].probability, top)
