"""Labels that do not flicker: smoothed over time, and kept until another is clearly ahead, or it is clearly too low."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

MARGIN = 0.1  # of probability, by which another class must be ahead of the label shown, or that below its limit


class LabelSmoother:
    """Exponential smoothing whose weight follows from the time between two frames, so that their rate does not matter.

    After `seconds` a change is shown to 63 % (1 - 1/e), after three times as long to 95 %.

    Args:
        seconds: The time constant; 0 shows each frame's own answer.
    """

    def __init__(self, seconds: float) -> None:
        self._time_constant_s = seconds
        self._mean: NDArray[np.float32] | None = None
        self._at_s = 0.0
        self._shown = 0  # index of the label

    def update(self, probabilities: NDArray[np.float32], at_s: float) -> tuple[NDArray[np.float32], int]:
        """Takes the answer to a frame.

        Args:
            probabilities: (classes,) float32.
            at_s: The frame's time in seconds.

        Returns:
            (classes,) float32, smoothed, and the index of the label to show.
        """
        if self._mean is None or self._time_constant_s <= 0:
            self._mean = probabilities
            self._shown = int(probabilities.argmax())
        else:
            weight = -math.expm1(-max(0.0, at_s - self._at_s) / self._time_constant_s)
            self._mean = (self._mean + np.float32(weight) * (probabilities - self._mean)).astype(np.float32)
            best = int(self._mean.argmax())
            if self._mean[best] >= self._mean[self._shown] + MARGIN:
                self._shown = best
        self._at_s = at_s
        return self._mean, self._shown

    def reset(self) -> None:
        """Forgets what was, as after a lost signal."""
        self._mean = None


class HeldLabels:
    """Two limits a label, as a thermostat has: one that reached its own is kept until it falls clearly below that.

    Clearly is by `MARGIN`, or by half of limits that are lower than two of it.

    Args:
        limits: From which probability on each label counts, 0 to 1.
        holding: Whether labels are kept at all.
    """

    def __init__(self, limits: tuple[float, ...], *, holding: bool) -> None:
        self._limits = limits
        self._lower = tuple(max(limit - MARGIN, limit / 2) for limit in limits) if holding else limits
        self._held: frozenset[int] = frozenset()

    def limits(self) -> tuple[float, ...]:
        """Returns the limits of the next answer: the lower ones of the labels that are held."""
        pairs = zip(self._limits, self._lower, strict=True)
        return tuple(lower if index in self._held else limit for index, (limit, lower) in enumerate(pairs))

    def hold(self, reached: Collection[int]) -> None:
        """Takes the indices of the labels that reached those limits; none, as after a lost signal."""
        self._held = frozenset(reached)
