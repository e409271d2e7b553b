"""Test-time augmentation: the mean of the answers to an image and to its mirror image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnnkit.classifier import Classifier

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cnnkit.spec import ModelSpec


class FlipAveraged:
    """A classifier that sees each image twice, as it is and mirrored left to right; it takes twice the time.

    Source: Krizhevsky et al., ImageNet Classification with Deep Convolutional Neural Networks, 2012, section 4.1.
    """

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    @property
    def spec(self) -> ModelSpec:
        """The model's spec."""
        return self._classifier.spec

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classifies a batch.

        Args:
            images: (N, height, width, channels) uint8.

        Returns:
            (N, classes) float32 probabilities.
        """
        mirrored = np.ascontiguousarray(images[:, :, ::-1])
        mean: NDArray[np.float32] = (
            self._classifier.probabilities(images) + self._classifier.probabilities(mirrored)
        ) / np.float32(2)
        return mean
