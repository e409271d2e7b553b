"""What a cross-validation found: the figures of each fold, their mean and how far they scatter."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev


@dataclass(frozen=True)
class FoldFigures:
    """How right a fold's network is about the images of the fold."""

    number: int  # from 1
    images: int
    top1: float  # 0 to 1
    low: float  # end of its 95 % Wilson interval
    high: float
    loss: float  # mean cross-entropy, nats
    epoch: int  # the one that was kept


@dataclass(frozen=True)
class CrossValidation:
    """A finished cross-validation."""

    folder: Path
    folds: tuple[FoldFigures, ...]  # at least two

    @property
    def mean_top1(self) -> float:
        """The mean of the folds' accuracies, 0 to 1."""
        return mean(fold.top1 for fold in self.folds)

    @property
    def deviation_top1(self) -> float:
        """The sample standard deviation of the folds' accuracies.

        The folds share most of their training images, so it understates how far trainings on new data would scatter
        (Bengio and Grandvalet, "No Unbiased Estimator of the Variance of K-Fold Cross-Validation", JMLR 5, 2004).
        """
        return stdev(fold.top1 for fold in self.folds)

    @property
    def mean_loss(self) -> float:
        """The mean of the folds' losses, nats."""
        return mean(fold.loss for fold in self.folds)

    @property
    def deviation_loss(self) -> float:
        """The sample standard deviation of the folds' losses."""
        return stdev(fold.loss for fold in self.folds)
