"""What every runtime of a classifier offers, and what an answer looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from cnnkit.spec import NO_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from cnnkit.spec import ModelSpec


class Candidate(NamedTuple):
    """One class with its probability."""

    label: str
    probability: float  # 0 to 1, as `short_float` gives it


class Prediction(NamedTuple):
    """The answer for one image: the likeliest class first.

    Of independent labels those that reach their limits, all of them: `label` names them in the model's order, separated
    by commas, and is "none" where there is none.
    """

    label: str
    confidence: float  # probability of `label`, 0 to 1; of independent labels that of the likeliest
    top: tuple[Candidate, ...]  # falling probability
    damage: str | None = None  # of the image's file, where it is damaged and the answer may be that to other pixels


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
            (N, classes) float32 probabilities that sum to 1 in each row, but for independent labels.
        """
        ...


def class_probabilities(output: NDArray[Any], spec: ModelSpec) -> NDArray[np.float32]:
    """Makes one probability a label of what a network gives.

    One number an image tells two labels apart: it is the probability, or the logit, of the second one.

    Args:
        output: (N, classes), (N, 1) or (N,) of the network.
        spec: Says what the numbers are, and how many labels there are.

    Returns:
        (N, classes) float32.
    """
    import numpy as np

    values: NDArray[np.float32] = output.astype(np.float32, copy=False)
    if values[:1].size == len(values[:1]) and len(spec.labels) == 2:
        one = values.reshape(-1, 1)
        values = np.concatenate([np.zeros_like(one) if spec.output == "logits" else 1 - one, one], axis=1)
    if spec.output == "logits":
        return softmax(values)
    return sigmoid(values) if spec.output == "independent-logits" else values


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turns logits of classes of which one is right into probabilities.

    Args:
        logits: (N, K) float.

    Returns:
        (N, K) float32; each row sums to 1.
    """
    import numpy as np

    powers: NDArray[np.float32] = np.exp((logits - logits.max(axis=-1, keepdims=True)).astype(np.float32))
    probabilities: NDArray[np.float32] = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turns logits of labels of which any may be right into probabilities, (N, K) float32, without overflow."""
    import numpy as np

    power = np.exp(-np.abs(logits).astype(np.float32))
    probabilities: NDArray[np.float32] = np.where(logits >= 0, 1, power) / (1 + power)
    return probabilities.astype(np.float32)


def predict_rows(probabilities: NDArray[np.float32], spec: ModelSpec, k: int, least: float = 0.0) -> list[Prediction]:
    """Says what a model answers to each image.

    Args:
        probabilities: (N, classes) float32.
        spec: Of the model.
        k: How many candidates to keep, at least 1; of independent labels all are kept that reach their limits.
        least: The confidence, from 0 to 1, below which the label is "unknown"; above 0 it is the limit of every
            independent label.
    """
    if not spec.independent:
        predictions = batch_candidates(probabilities, spec.labels, k)
        return [or_unknown(prediction, least) for prediction in predictions] if least else predictions
    return labels_reaching(probabilities, spec.labels, limits_of(spec, least))


def limits_of(spec: ModelSpec, least: float) -> tuple[float, ...]:
    """Returns from which probability on each label counts: `least`, or those of the model where that is 0."""
    return (least,) * len(spec.labels) if least or not spec.independent else spec.label_limits


def labels_reaching(
    probabilities: NDArray[np.float32], labels: tuple[str, ...], limits: tuple[float, ...]
) -> list[Prediction]:
    """Names the independent labels of each image that reach their limits.

    Args:
        probabilities: (N, classes) float32.
        labels: One name a class.
        limits: One a class, 0 to 1.
    """
    by_label = dict(zip(labels, limits, strict=True))
    return [_reaching(prediction, by_label) for prediction in batch_candidates(probabilities, labels, len(labels))]


def _reaching(prediction: Prediction, limits: Mapping[str, float]) -> Prediction:
    """Keeps the labels that reach their limits."""
    top = tuple(candidate for candidate in prediction.top if candidate.probability >= limits[candidate.label])
    reached = {candidate.label for candidate in top}
    return Prediction(", ".join(label for label in limits if label in reached) or NO_LABEL, prediction.confidence, top)


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
