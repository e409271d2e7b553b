"""Whether the images that judge are fit to: of the kind that calibrated, and known to the float model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_APART = 1.5  # standard deviations between the means of two sets: four of five images lie beyond the other's mean
_LEAST_SPREAD = 2.0  # of 255: sets of images that are all alike spread by less
_FEWEST = 16  # images of each set


def doubts(labels: NDArray[np.int64], targets: NDArray[np.int64], names: tuple[str, ...]) -> Iterator[str]:
    """Yields what float32's answers to the images say against them.

    Args:
        labels: (N,) its answers.
        targets: (N,) true labels, or (0,) where they are not known.
        names: The model's labels; none where they are independent.
    """
    if len(labels) >= _FEWEST and len(set(labels.tolist())) == 1 and len(set(targets.tolist())) != 1:
        answer = repr(names[int(labels[0])]) if names else "the same labels"
        yield (
            f"float32 answers {answer} to all {len(labels):,} images, so agreement says nothing: "
            "is the model trained, and are they images of its kind?"
        )
    if len(targets) and not (labels == targets).any():
        yield (
            f"float32 is right on none of {len(targets):,} images: do the class folders fit the labels, and the "
            "scaling the model? see cnnkit info"
        )


def unlike(calibrating: NDArray[np.uint8], judging: NDArray[np.uint8]) -> str | None:
    """Says how two sets of images differ in kind; None where they do not, by brightness, contrast, colour and detail.

    Args:
        calibrating: (N, height, width, channels) uint8.
        judging: (M, height, width, channels) uint8.
    """
    if min(len(calibrating), len(judging)) < _FEWEST:
        return None
    one, other = _statistics(calibrating), _statistics(judging)
    for name in one:
        a, b = one[name], other[name]
        spread = max(_LEAST_SPREAD, float(np.sqrt((a.var() + b.var()) / 2)))
        if abs(float(a.mean() - b.mean())) > _APART * spread:
            return (
                f"calibration images are unlike those that are measured on, by their {name} ({a.mean():.0f} and "
                f"{b.mean():.0f} of 255): calibrate with images like those that it will see"
            )
    return None


def _statistics(images: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """Returns (N,) numbers by name, all in units of pixel values."""
    gray = images.astype(np.float32).mean(axis=3)
    across = np.abs(np.diff(gray, axis=2)).mean(axis=(1, 2))
    colourful = images.astype(np.float32).std(axis=3).mean(axis=(1, 2))
    found = {"brightness": gray.mean(axis=(1, 2)), "contrast": gray.std(axis=(1, 2)), "colour": colourful}
    return {name: values.astype(np.float64) for name, values in (found | {"detail": across}).items()}
