"""The head: a logistic regression on features, which becomes the last layer of the network."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3)  # C of scikit-learn, on standardised features
_FOLDS = 4
_FEWEST = 4  # images of the rarest class with which there are as many folds
_STEPS = 300
_RARE = 0.1  # of the usual deviation of a feature
_SURE = 4.0  # a logit: 98 %


@dataclass(frozen=True)
class Head:
    """The last layer: probabilities = softmax(features @ kernel + bias), or the sigmoids of it."""

    kernel: NDArray[np.float32]  # (F, classes)
    bias: NDArray[np.float32]  # (classes,)
    strength: float  # C, the inverse of the regularisation
    unseen: NDArray[np.float32] | None = None  # (N, classes) probabilities of the images, each by a fit without it

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns (N, classes) for (N, F) features."""
        return features @ self.kernel + self.bias


def fit_head(
    plain: NDArray[np.float32], views: Sequence[NDArray[np.float32]], targets: NDArray[np.int64], *, balanced: bool
) -> Head:
    """Fits a logistic regression on features that were scaled to deviation 1; how strongly, cross-validation decides.

    Args:
        plain: (N, F) features of the training images as they are.
        views: The same of augmented views, any number.
        targets: (N,) class of each image; every class occurs.
        balanced: Weigh rare classes more, in proportion.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # on such small products threads wait for one another thirty times as long as they work
        return _fit_head(plain, views, targets, balanced=balanced)


def fit_independent_head(
    plain: NDArray[np.float32], views: Sequence[NDArray[np.float32]], wanted: NDArray[np.float32]
) -> Head:
    """Fits a logistic regression for each of labels that do not exclude one another.

    Args:
        plain: See `fit_head`.
        views: See `fit_head`.
        wanted: (N, labels) 1 where a label is right, else 0.
    """
    from threadpoolctl import threadpool_limits

    middle = _STRENGTHS[len(_STRENGTHS) // 2]
    mean, spread = plain.mean(axis=0), _spread(plain)
    everything = np.concatenate([(each - mean) / spread for each in (plain, *views)])
    kernel = np.zeros((plain.shape[1], wanted.shape[1]))
    bias = np.where(wanted.mean(axis=0) > 0.5, _SURE, -_SURE)  # of labels that all images have, or none
    with threadpool_limits(1):
        for label in range(wanted.shape[1]):
            right = np.tile(wanted[:, label] > 0.5, 1 + len(views))
            if 0 < right.sum() < len(right):
                model = _fit(everything, right.astype(np.int64), middle, None)
                kernel[:, label], bias[label] = model.coef_[0], model.intercept_[0]
    kernel = kernel / spread[:, None]
    return Head(kernel.astype(np.float32), (bias - mean @ kernel).astype(np.float32), middle)


def _fit_head(
    plain: NDArray[np.float32], views: Sequence[NDArray[np.float32]], targets: NDArray[np.int64], *, balanced: bool
) -> Head:
    mean, spread = plain.mean(axis=0), _spread(plain)
    weight = "balanced" if balanced else None
    scaled = (plain - mean) / spread
    strength, unseen = _choose_strength(scaled, targets, weight)
    everything = np.concatenate([scaled, *((view - mean) / spread for view in views)])
    model = _fit(everything, np.tile(targets, 1 + len(views)), strength, weight)
    kernel, bias = _both_classes(model)
    kernel = kernel / spread[:, None]
    return Head(kernel.astype(np.float32), (bias - mean @ kernel).astype(np.float32), strength, unseen)


def _spread(plain: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns (F,) what features are divided by: their deviation, of those that hardly vary a tenth of the usual one.

    Of a few images many features show nearly nothing; divided by that little, what the next image shows would count a
    thousandfold.
    """
    spread: NDArray[np.float32] = plain.std(axis=0)
    usual = float(np.sqrt(np.square(spread).mean()))
    floored: NDArray[np.float32] = np.maximum(spread, max(_RARE * usual, 1e-6))
    return floored


def _choose_strength(
    scaled: NDArray[np.float32], targets: NDArray[np.int64], weight: str | None
) -> tuple[float, NDArray[np.float32] | None]:
    """Returns the C with the lowest mean loss over folds, and what those folds made of the images held out.

    Where a class has too few images for folds, it is the middle one, and None.
    """
    from sklearn.metrics import log_loss
    from sklearn.model_selection import StratifiedKFold

    counts = np.bincount(targets)
    if counts.min() < _FEWEST:
        return _STRENGTHS[len(_STRENGTHS) // 2], None
    folds = list(StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(scaled, targets))
    labels = np.arange(len(counts))
    best: tuple[float, float, NDArray[np.float32] | None] = (np.inf, _STRENGTHS[len(_STRENGTHS) // 2], None)
    for strength in _STRENGTHS:
        unseen, losses = np.empty((len(targets), len(counts)), np.float32), []
        for fitted, held_out in folds:
            model = _fit(scaled[fitted], targets[fitted], strength, weight)
            answers = model.predict_proba(scaled[held_out])
            unseen[held_out] = answers
            losses.append(log_loss(targets[held_out], answers, labels=labels))
        if float(np.mean(losses)) < best[0]:
            best = float(np.mean(losses)), strength, unseen
    return best[1], best[2]


def _fit(features: NDArray[np.float32], targets: NDArray[np.int64], strength: float, weight: str | None) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # what is not quite the optimum is a good head as well
        return LogisticRegression(C=strength, max_iter=_STEPS, class_weight=weight).fit(features, targets)


def _both_classes(model: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns (F, classes) and (classes,): of two classes scikit-learn keeps the difference alone."""
    kernel, bias = model.coef_.T, model.intercept_
    if kernel.shape[1] == 1:
        return np.concatenate([-kernel, kernel], axis=1) / 2, np.concatenate([-bias, bias]) / 2
    return kernel, bias
