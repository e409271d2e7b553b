"""What stands where an image is covered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnnkit.images import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray


def mean_colour(image: NDArray[np.uint8], photo: Window) -> NDArray[np.uint8]:
    """Returns the image with all of the photo in its mean colour; padding stays as it is, and so is never covered.

    A blurred copy would leave a part its own colour, which may be what the network goes by; black or a fixed grey may
    be far from every photo, and is news to the network wherever it is put.

    Args:
        image: (height, width, channels) uint8.
        photo: Where in it the photo lies: what is around it is padding.
    """
    filling = image.copy()
    filling[photo.slices] = image[photo.slices].mean(axis=(0, 1)).round().astype(np.uint8)
    return filling
