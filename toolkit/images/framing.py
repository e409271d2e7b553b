"""Which part of an image is seen by a model that crops."""

from __future__ import annotations

from typing import NamedTuple


class Window(NamedTuple):
    """A part of an image, in whole pixels."""

    top: int
    left: int
    height: int
    width: int


def centred_window(height: int, width: int, aspect: float) -> Window:
    """Returns the largest centred part whose height is `aspect` times its width, to the nearest pixel.

    Args:
        height: Of the image, in pixels.
        width: Of the image.
        aspect: Height over width.
    """
    inner_height = max(1, min(height, round(width * aspect)))
    inner_width = max(1, min(width, round(height / aspect)))
    return Window((height - inner_height) // 2, (width - inner_width) // 2, inner_height, inner_width)
