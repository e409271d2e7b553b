"""The figures of an evaluation: accuracies with intervals, precision, recall and F1, AUC, calibration, confusion."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.measuring import Interval, wilson_interval
from cnnkit.train.evaluation.answers import RANKS, Answers, cross_entropies
from cnnkit.train.evaluation.calibration import Calibration, measure_calibration

MOST_CONFUSED = 10  # pairs


@dataclass(frozen=True)
class Averages:
    """Means over the classes that the data has."""

    precision: float  # 0 to 1
    recall: float  # 0 to 1
    f1: float  # 0 to 1


@dataclass(frozen=True)
class ClassFigures:
    """One class; figures of a class without images are undefined, which is None and not 0.

    The precision of a class that has images and is never predicted is 0, as scikit-learn's reports say.
    """

    images: int
    precision: float | None
    recall: float | None
    f1: float | None
    auc: float | None  # of the class against all others


@dataclass(frozen=True)
class ConfusedPair:
    """A class that is taken for another."""

    true: str
    predicted: str
    images: int
    share: float  # of the images of `true`, 0 to 1


@dataclass(frozen=True)
class Metrics:
    """All figures; accuracies are fractions."""

    images: int
    skipped: int  # images that could not be read, not among `images`
    top1: Interval  # with its 95 % Wilson interval
    top5: Interval | None  # among the 5 likeliest classes; None where there are no more than five
    loss: float  # mean cross-entropy in nats
    macro: Averages  # every class counts alike
    weighted: Averages  # every image counts alike
    per_class: dict[str, ClassFigures]  # by label, in output order
    confusion: NDArray[np.int64]  # (classes, classes) images: rows are true, columns predicted
    auc: float | None  # macro mean of the classes' AUC; None where the data has one class
    calibration: Calibration
    most_confused: tuple[ConfusedPair, ...]  # most images first

    def fields(self) -> dict[str, Any]:
        """Returns what metrics.json holds; null is undefined."""
        top1, top5 = self.top1, self.top5
        return {
            "images": self.images,
            "skipped": self.skipped,
            "top1": top1.value,
            "low": top1.low,
            "high": top1.high,
            "top5": None if top5 is None else top5.value,
            "top5_low": None if top5 is None else top5.low,
            "top5_high": None if top5 is None else top5.high,
            "loss": self.loss,
            "macro": asdict(self.macro),
            "weighted": asdict(self.weighted),
            "per_class": {label: asdict(figures) for label, figures in self.per_class.items()},
            "confusion": self.confusion.tolist(),
            "auc": self.auc,
            "calibration_error": self.calibration.error,
            "most_confused": [asdict(pair) for pair in self.most_confused],
        }


def measure_answers(answers: Answers) -> Metrics:
    """Computes all figures of a model's answers to at least one image."""
    from sklearn.metrics import confusion_matrix

    classes = np.arange(len(answers.labels))
    confusion = confusion_matrix(answers.targets, answers.predicted, labels=classes).astype(np.int64)
    per_class = _per_class(answers, confusion.sum(axis=1))
    areas = [figures.auc for figures in per_class.values() if figures.auc is not None]
    return Metrics(
        images=len(answers.targets),
        skipped=len(answers.failures),
        top1=_share(answers.correct),
        top5=_share((answers.ranked == answers.targets[:, None]).any(axis=1)) if len(classes) > RANKS else None,
        loss=float(cross_entropies(answers.probabilities, answers.targets).mean()),
        macro=_averages(answers, "macro"),
        weighted=_averages(answers, "weighted"),
        per_class=per_class,
        confusion=confusion,
        auc=math.fsum(areas) / len(areas) if areas else None,
        calibration=measure_calibration(answers.probabilities.max(axis=1), answers.correct),
        most_confused=_most_confused(confusion, answers.labels),
    )


def _share(right: NDArray[np.bool_]) -> Interval:
    count = int(right.sum())
    return Interval(count / len(right), *wilson_interval(count, len(right)))


def _averages(answers: Answers, average: str) -> Averages:
    precision, recall, f1, _ = _scores(answers, average)
    return Averages(float(precision), float(recall), float(f1))


def _scores(answers: Answers, average: str | None) -> Any:
    """Returns scikit-learn's precision, recall, F1 and support over the classes that the data has."""
    from sklearn.metrics import precision_recall_fscore_support

    present = np.unique(answers.targets)
    return precision_recall_fscore_support(
        answers.targets, answers.predicted, labels=present, average=average, zero_division=0.0
    )


def _per_class(answers: Answers, counts: NDArray[np.int64]) -> dict[str, ClassFigures]:
    figures = dict.fromkeys(answers.labels, ClassFigures(0, None, None, None, None))
    scores = zip(np.unique(answers.targets), *_scores(answers, None)[:3], strict=True)
    for index, precision, recall, f1 in scores:
        scored = float(precision), float(recall), float(f1)
        figures[answers.labels[index]] = ClassFigures(int(counts[index]), *scored, _area(answers, int(index)))
    return figures


def _area(answers: Answers, index: int) -> float | None:
    """Returns the area under the ROC curve of one class against the others; None where there are no others."""
    from sklearn.metrics import roc_auc_score

    positive = answers.targets == index
    return None if positive.all() else float(roc_auc_score(positive, answers.probabilities[:, index]))


def _most_confused(confusion: NDArray[np.int64], labels: tuple[str, ...]) -> tuple[ConfusedPair, ...]:
    wrong = confusion - np.diag(np.diag(confusion))
    largest = np.argsort(-wrong, axis=None, kind="stable")[:MOST_CONFUSED]
    rows, columns = np.unravel_index(largest, wrong.shape)
    totals = confusion.sum(axis=1)
    return tuple(
        ConfusedPair(labels[row], labels[column], int(wrong[row, column]), float(wrong[row, column] / totals[row]))
        for row, column in zip(rows, columns, strict=True)
        if wrong[row, column]
    )
