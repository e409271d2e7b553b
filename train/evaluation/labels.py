"""The figures of independent labels: mean average precision, and F1 label by label."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.measuring import Interval, Limits, above, wilson_interval
from cnnkit.train.evaluation.answers import LOWEST_PROBABILITY


@dataclass(frozen=True)
class LabelFigures:
    """One label; what is undefined without images that have it, or without others, is None."""

    images: int  # that have it
    limit: float  # from which probability on it counts
    precision: float | None
    recall: float | None
    f1: float | None
    average_precision: float | None  # over all limits; scikit-learn's
    auc: float | None


@dataclass(frozen=True)
class LabelMetrics:
    """All figures of answers in which any number of labels may be right; fractions."""

    images: int
    skipped: int  # images that could not be read, not among `images`
    mean_average_precision: float | None  # macro mean over the labels that some images have and others have not
    macro_f1: float | None  # every label that some image has counts alike
    micro_f1: float  # every label of every image counts alike
    exact: Interval  # images of which every label is right, with its 95 % Wilson interval
    loss: float  # mean of the summed binary cross-entropies, in nats
    per_class: dict[str, LabelFigures]  # by label, in output order

    def fields(self) -> dict[str, Any]:
        """Returns what metrics.json holds; null is undefined. `top1` is the share of images with every label right."""
        return {
            "images": self.images,
            "skipped": self.skipped,
            "top1": self.exact.value,
            "low": self.exact.low,
            "high": self.exact.high,
            "loss": self.loss,
            "mean_average_precision": self.mean_average_precision,
            "macro_f1": self.macro_f1,
            "micro_f1": self.micro_f1,
            "per_class": {label: asdict(figures) for label, figures in self.per_class.items()},
        }


def measure_labels(
    probabilities: NDArray[np.float32],
    wanted: NDArray[np.bool_],
    names: tuple[str, ...],
    limits: Limits,
    skipped: int = 0,
) -> LabelMetrics:
    """Computes all figures.

    Args:
        probabilities: (N, labels), N at least 1.
        wanted: (N, labels) whether an image has a label.
        names: Of the labels.
        limits: From which probability on each counts.
        skipped: Images that could not be read.
    """
    given = above(probabilities, limits)
    figures = {
        name: _figures(probabilities[:, index], given[:, index], wanted[:, index], limits[index])
        for index, name in enumerate(names)
    }
    right = int((given == wanted).all(axis=1).sum())
    hits, either = int((given & wanted).sum()), int(given.sum() + wanted.sum())
    return LabelMetrics(
        images=len(wanted),
        skipped=skipped,
        mean_average_precision=_mean([one.average_precision for one in figures.values()]),
        macro_f1=_mean([one.f1 for one in figures.values()]),
        micro_f1=2 * hits / either if either else 1.0,
        exact=Interval(right / len(wanted), *wilson_interval(right, len(wanted))),
        loss=float(binary_losses(probabilities, wanted).mean()),
        per_class=figures,
    )


def binary_losses(probabilities: NDArray[np.float32], wanted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Returns (N,) the binary cross-entropies, in nats, summed over the labels."""
    chosen = np.where(wanted, probabilities, 1 - probabilities).astype(np.float64)
    losses: NDArray[np.float64] = -np.log(np.maximum(chosen, LOWEST_PROBABILITY)).sum(axis=1)
    return losses


def _figures(
    probabilities: NDArray[np.float32], given: NDArray[np.bool_], wanted: NDArray[np.bool_], limit: float
) -> LabelFigures:
    from sklearn.metrics import average_precision_score, precision_recall_fscore_support, roc_auc_score

    images = int(wanted.sum())
    if not images:
        return LabelFigures(0, limit, None, None, None, None, None)
    precision, recall, f1, _ = precision_recall_fscore_support(wanted, given, average="binary", zero_division=0.0)
    both = images < len(wanted)
    average = float(average_precision_score(wanted, probabilities)) if both else None
    area = float(roc_auc_score(wanted, probabilities)) if both else None
    return LabelFigures(images, limit, float(precision), float(recall), float(f1), average, area)


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None
