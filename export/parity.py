"""Checks that the exported file answers as the Keras model does, on golden images and others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ParityError
from cnnkit.export.samples import generated_images, varied_images
from cnnkit.spec import InputSpec
from cnnkit.system import log

OTHER_IMAGES = 64
LOGIT_TOLERANCE = 0.01  # of the logits' spread; other orders of the same float32 sums make 2e-5
DO_NOT_VARY = "the network's answers do not vary from image to image, as with random weights"
_LEAST_SPREAD = 1e-5  # of logits: a hundred times what float32 rounds them to
_NEARLY = 0.1  # what one rounding of the input does, of what those of all layers do together
_SMALLEST = 1e-30  # a probability below this counts as this
_EDGE = 1e-5  # the same of two labels, and of independent ones
_SEED = 20251  # any number, as long as the golden images are drawn with another

Probabilities = NDArray[np.float32]


@dataclass(frozen=True)
class Parity:
    """How far two runtimes are apart."""

    images: int
    max_probability_difference: float  # 0 to 1
    logit_difference: float | None  # of `logit_difference`; None where answers do not vary


def check_parity(
    original: Probabilities,
    exported: Probabilities,
    *,
    tolerance: float,
    logit_tolerance: float = LOGIT_TOLERANCE,
    independent: bool = False,
) -> Parity:
    """Compares what two runtimes answer to the same images.

    Args:
        original: (N, K) probabilities.
        exported: The same, by the file that is to be written.
        tolerance: The largest difference of a probability that is allowed.
        logit_tolerance: The largest difference of logits, relative to how much they vary, that is allowed.
        independent: Whether any number of the labels may be right.

    Raises:
        ParityError: They differ by more, or give something that is no number.
    """
    difference = float(np.abs(exported - original).max())
    if not difference <= tolerance:
        raise ParityError(
            f"the exported graph differs from the Keras model by {difference:.2g} in a probability (on {len(original)} "
            f"images), expected at most {tolerance:.0e}: no file was written"
        )
    logits = logit_difference(original, exported, independent=independent)
    if logits is None:
        log.warning("%s: the probabilities are compared all the same, and say little", DO_NOT_VARY)
    elif logits > logit_tolerance:
        raise ParityError(
            f"the exported graph differs from the Keras model by {logits:.2g} of what its logits vary from image to "
            f"image (on {len(original)} images), expected at most {logit_tolerance:g}: no file was written"
        )
    return Parity(len(original), difference, logits)


def logit_difference(original: Probabilities, other: Probabilities, *, independent: bool = False) -> float | None:
    """Returns how far logits are apart, relative to how much those of the original vary from image to image.

    Small differences of probabilities say nothing where all probabilities are alike, as those of random weights are.
    Logarithms of probabilities are logits, but for a number an image, which is taken off; the deviation of the
    differences is divided by that of the original's logits over images.

    Args:
        original: (N, K) finite probabilities.
        other: (N, K) finite probabilities.
        independent: Whether each has a logit of its own, rather than all of an image but for one number.

    Returns:
        0 where both are the same, 1 or so where they have nothing in common; None where the original's answers vary by
        no more than float32 rounds.
    """
    before, after = _logits(original, independent=independent), _logits(other, independent=independent)
    spread = float(np.sqrt(before.var(axis=0).mean()))
    if spread < _LEAST_SPREAD:
        return None
    return float(np.sqrt(((after - before) ** 2).mean())) / spread


def rounding_alone(
    original: Probabilities, exported: Probabilities, jittered: Probabilities, *, independent: bool = False
) -> float | None:
    """Returns how far answers move by rounding alone, where that is as far as those of the file are off, or nearly.

    Args:
        original: (N, K) probabilities.
        exported: Of the file.
        jittered: Of the original again, with the last bits of its input changed.
        independent: Whether each has a logit of its own.

    Returns:
        The largest difference of a probability; None where rounding explains nothing.
    """
    moved = logit_difference(original, jittered, independent=independent)
    off = logit_difference(original, exported, independent=independent)
    if moved is None or off is None or moved < _NEARLY * off:
        return None
    return float(np.abs(jittered - original).max())


def _logits(probabilities: Probabilities, *, independent: bool) -> NDArray[np.float64]:
    if independent:
        edged = np.clip(probabilities.astype(np.float64), _EDGE, 1 - _EDGE)
        odds: NDArray[np.float64] = np.log(edged / (1 - edged))
        return odds
    if probabilities.shape[1] == 2:  # one may have been computed as 1 less the other, which rounds what is near 0
        probabilities = np.clip(probabilities, _EDGE, 1 - _EDGE)
    values = np.log(np.maximum(probabilities.astype(np.float64), _SMALLEST))
    centred: NDArray[np.float64] = values - values.mean(axis=1, keepdims=True)
    return centred


def parity_images(golden: NDArray[np.uint8], taken: InputSpec) -> NDArray[np.uint8]:
    """Returns the golden images and 64 others: generated ones, and crops and blends of golden ones if there are any."""
    varied = OTHER_IMAGES // 2 if len(golden) else 0
    generated = generated_images(OTHER_IMAGES - varied, taken, _SEED)
    if not varied:
        return generated
    return np.concatenate([golden, varied_images(golden, varied, _SEED), generated])
