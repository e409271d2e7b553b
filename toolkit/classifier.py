"""What every runtime of a classifier offers, and what an answer looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cnnkit.spec import ModelSpec


class Candidate(NamedTuple):
    """One class with its probability."""

    label: str
    probability: float  # 0 to 1, as `short_float` gives it


class Prediction(NamedTuple):
    """The answer for one image: the likeliest class first."""

    label: str
    confidence: float  # probability of `label`, 0 to 1
    top: tuple[Candidate, ...]  # falling probability


UNKNOWN = "unknown"


def or_unknown(prediction: Prediction, least: float) -> Prediction:
    """Returns a prediction whose label is "unknown" where its confidence is below `least`, from 0 to 1."""
    return prediction if prediction.confidence >= least else prediction._replace(label=UNKNOWN)


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


def short_float(value: np.float32) -> float:
    """Returns the shortest decimal number that is the same float32: 0.93 rather than 0.9300000071525574."""
    return float(str(value))


def top_candidates(probabilities: NDArray[np.float32], labels: tuple[str, ...], k: int) -> Prediction:
    """Names the k likeliest classes of one image; equal probabilities keep the order of the labels.

    Args:
        probabilities: (classes,) float.
        labels: One name a class.
        k: How many candidates to keep, at least 1; more than there are classes keeps all.
    """
    return batch_candidates(probabilities[None], labels, k)[0]


def batch_candidates(probabilities: NDArray[np.float32], labels: tuple[str, ...], k: int) -> list[Prediction]:
    """Names the k likeliest classes of each image, as `top_candidates` does.

    Args:
        probabilities: (N, classes) float32.
        labels: One name a class.
        k: How many candidates to keep, at least 1.
    """
    order = (-probabilities).argsort(axis=1, kind="stable")[:, : max(1, k)].tolist()
    predictions = []
    for indices, values in zip(order, probabilities, strict=True):
        top = tuple(Candidate(labels[index], short_float(values[index])) for index in indices)
        predictions.append(Prediction(top[0].label, top[0].probability, top))
    return predictions
