"""The classic 3 x 3 kernels, as CNNs apply them: laid over the image as they stand, never flipped.

Edges: J. M. S. Prewitt, "Object Enhancement and Extraction", in Picture Processing and Psychopictorics, 1970.
Sobel: I. Sobel and G. Feldman, "An Isotropic 3x3 Image Gradient Operator", talk at the Stanford AI Project, 1968.
All four are positive where the image brightens to the right, or downwards, as those of OpenCV are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


_ROUNDING = 1e-12


@dataclass(frozen=True)
class Kernel:
    """The weights that a convolution lays over each part of an image."""

    name: str  # as on the command line
    title: str  # as in a picture
    rows: tuple[tuple[float, ...], ...]  # top to bottom, each from left to right; rows of one length

    @property
    def sum(self) -> float:
        """What an even image is multiplied by; 0 where all that is left is rounding, as of 1/3 + 1/3 - 2/3."""
        weights = [weight for row in self.rows for weight in row]
        total = math.fsum(weights)
        return 0 if abs(total) < _ROUNDING * math.fsum(map(abs, weights)) else total

    def weights(self) -> NDArray[np.float64]:
        """Returns (k, l) float64."""
        import numpy as np  # not above: the command line lists the kernels before it computes anything

        return np.array(self.rows, np.float64)


_CLASSIC = (
    Kernel("vertical-edges", "vertical edges", ((-1, 0, 1), (-1, 0, 1), (-1, 0, 1))),
    Kernel("horizontal-edges", "horizontal edges", ((-1, -1, -1), (0, 0, 0), (1, 1, 1))),
    Kernel("sobel-x", "Sobel x", ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1))),
    Kernel("sobel-y", "Sobel y", ((-1, -2, -1), (0, 0, 0), (1, 2, 1))),
    # Sharp, but its sum is -1: bright becomes dark.
    Kernel("sharpening", "sharpening", ((0, 1, 0), (1, -5, 1), (0, 1, 0))),
    # Not normalised: its sum is 16.
    Kernel("gaussian-blur", "Gaussian blur", ((1, 2, 1), (2, 4, 2), (1, 2, 1))),
)
KERNELS = {kernel.name: kernel for kernel in _CLASSIC}
