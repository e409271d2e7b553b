"""What quantization costs: accuracy, and agreement with the float model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnkit.measuring import paired_drop_interval


@dataclass(frozen=True)
class Effect:
    """How the quantized model answers images that did not calibrate it; accuracies are fractions."""

    images: int
    agreement: float  # images with the same label by both models
    top1_float: float | None = None  # None where the true labels are not known
    top1: float | None = None
    drop: tuple[float, float, float] | None = None  # top1_float - top1, and its 95 % interval

    def figures(self) -> dict[str, float]:
        """Returns the figures as the spec holds them."""
        figures = {"images": float(self.images), "agreement": self.agreement}
        if self.top1 is not None and self.top1_float is not None and self.drop is not None:
            names = ("drop", "drop_low", "drop_high")
            figures |= {"top1": self.top1, "top1_float": self.top1_float, **dict(zip(names, self.drop, strict=True))}
        return figures


def compare(before: NDArray[np.int64], after: NDArray[np.int64], targets: NDArray[np.int64]) -> Effect:
    """Compares labels.

    Args:
        before: (N,) answers of the float model.
        after: (N,) answers of the other.
        targets: (N,) true labels, or (0,) where they are not known.
    """
    agreement = float((before == after).mean())
    if not len(targets):
        return Effect(len(after), agreement)
    right_before, right_after = before == targets, after == targets
    drop = paired_drop_interval(right_before, right_after)
    return Effect(len(after), agreement, float(right_before.mean()), float(right_after.mean()), drop)
