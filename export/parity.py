"""Checks that the exported file answers as the Keras model does, on golden images and others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ParityError
from cnnkit.export.samples import generated_images, varied_images
from cnnkit.spec import InputSpec

OTHER_IMAGES = 64
_SEED = 20251  # any number, as long as the golden images are drawn with another

Probabilities = NDArray[np.float32]


@dataclass(frozen=True)
class Parity:
    """How far two runtimes are apart."""

    images: int
    max_probability_difference: float  # 0 to 1


def check_parity(original: Probabilities, exported: Probabilities, *, tolerance: float) -> Parity:
    """Compares what two runtimes answer to the same images.

    Args:
        original: (N, K) probabilities.
        exported: The same, by the file that is to be written.
        tolerance: The largest difference of a probability that is allowed.

    Raises:
        ParityError: They differ by more, or give something that is no number.
    """
    difference = float(np.abs(exported - original).max())
    if not difference <= tolerance:
        raise ParityError(
            f"the exported graph differs from the Keras model by {difference:.2g} in a probability (on {len(original)} "
            f"images), expected at most {tolerance:.0e}: no file was written"
        )
    return Parity(len(original), difference)


def parity_images(golden: NDArray[np.uint8], taken: InputSpec) -> NDArray[np.uint8]:
    """Returns the golden images and 64 others: generated ones, and crops and blends of golden ones if there are any."""
    varied = OTHER_IMAGES // 2 if len(golden) else 0
    generated = generated_images(OTHER_IMAGES - varied, taken, _SEED)
    if not varied:
        return generated
    return np.concatenate([golden, varied_images(golden, varied, _SEED), generated])
