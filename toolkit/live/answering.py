"""From a frame to its label: the part of it that counts, the model's answer, smoothed over time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cnnkit.classifier import (
    Classifier,
    Prediction,
    labels_reaching,
    limits_of,
    or_unknown,
    short_float,
    top_candidates,
)
from cnnkit.errors import ModelError
from cnnkit.images import resize_image
from cnnkit.live.region import Box, Region
from cnnkit.live.smoothing import HeldLabels, LabelSmoother
from cnnkit.system import import_cv2, log

DEFAULT_SMOOTH_S = 0.3


@dataclass(frozen=True)
class AnswerOptions:
    """What is said of each frame."""

    name: str = "the source"  # in messages
    top_k: int = 5  # classes named
    min_confidence: float = 0.0  # 0 to 1; below it the label is "unknown", or clearly below where it was known
    smooth_s: float = DEFAULT_SMOOTH_S  # time constant of the smoothing; 0 for none
    region: Region | None = None  # the part that is classified; None for the whole frame


class FrameClassifier:
    """Classifies frames, one after another.

    Args:
        classifier: Any runtime.
        options: See there.
    """

    def __init__(self, classifier: Classifier, options: AnswerOptions) -> None:
        self._classifier, self._options = classifier, options
        self._smoother = LabelSmoother(options.smooth_s)
        limits = limits_of(classifier.spec, options.min_confidence)
        self._held = HeldLabels(limits, holding=options.smooth_s > 0)
        # The model's size, and the colours as they come.
        self._as_it_is = replace(classifier.spec.input, color="rgb", channels=3)
        self._cut_off: tuple[int, int] | None = None  # the last size of which the region had to be cut

    def prepare(self, pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Box | None]:
        """Makes of a frame what the model takes.

        Args:
            pixels: (H, W, 3) uint8 BGR.

        Returns:
            (height, width, channels) uint8 of the model's size and colours, and the part of the frame that it is; None
            for all of it.

        Raises:
            SourceError: The region lies outside the frame.
        """
        box = None
        if self._options.region is not None:
            box = self._box(self._options.region, pixels.shape[1], pixels.shape[0])
            pixels = box.cut(pixels)
        return resize_image(self._small_rgb(pixels), self._classifier.spec.input), box

    def _box(self, region: Region, width: int, height: int) -> Box:
        """Returns the region in a frame, and says once of each size where it reaches beyond."""
        box = region.box(width, height)
        if region.reaches_beyond(width, height) and self._cut_off != (width, height):
            self._cut_off = (width, height)
            log.warning(
                "--roi reaches beyond the picture of %d x %d pixels of %s: the %d x %d pixels inside it are classified",
                width, height, self._options.name, box.width, box.height,
            )  # fmt: skip
        return box

    def answer(self, probabilities: NDArray[np.float32], seconds: float) -> Prediction:
        """Makes a label of the model's answer, smoothed over time.

        Args:
            probabilities: (classes,) float32.
            seconds: The frame's time in the source.

        Raises:
            ModelError: The answer is not finite.
        """
        if not np.isfinite(probabilities).all():
            raise ModelError(f"the model gives an answer that is not finite for a frame of {self._options.name}")
        return self._named(*self._smoother.update(probabilities, seconds))

    def forget(self) -> None:
        """Forgets the frames before, since those after them show something else."""
        self._smoother.reset()
        self._held.hold(())

    def _small_rgb(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Makes (H, W, 3) BGR small before it turns the colours, which is the same and less work."""
        cv2 = import_cv2()
        small: NDArray[np.uint8] = cv2.cvtColor(resize_image(pixels, self._as_it_is), cv2.COLOR_BGR2RGB)
        return small

    def _named(self, probabilities: NDArray[np.float32], shown: int) -> Prediction:
        """Names what counts of a smoothed answer, and keeps in mind what does."""
        spec, labels, limits = self._classifier.spec, self._classifier.spec.labels, self._held.limits()
        if spec.independent:
            (prediction,) = labels_reaching(probabilities[None], labels, limits)
            self._held.hold([labels.index(candidate.label) for candidate in prediction.top])
            return prediction
        prediction = top_candidates(probabilities, labels, self._options.top_k)
        if labels[shown] != prediction.label:  # it stays, as the class ahead of it is not far enough ahead
            label, confidence = labels[shown], short_float(probabilities[shown])
            prediction = prediction._replace(label=label, confidence=confidence)
        self._held.hold([shown] if prediction.confidence >= limits[shown] else ())
        return or_unknown(prediction, limits[shown])
