"""What is asked of a network to explain its answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Network:
    """A network by what can be asked of it, whatever runs it."""

    # (N, height, width, channels) uint8 to (N, classes) float32: `cnnkit.classifier.Classifier.probabilities`
    probabilities: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    # One such image and the index of a class to the (h, w) map of how much each place speaks for it, which may be
    # negative: `cnnkit.runtime.KerasClassifier.activation`. None, or a map that is None: it has none to show.
    activation: Callable[[NDArray[np.uint8], int], NDArray[np.float32] | None] | None = None
