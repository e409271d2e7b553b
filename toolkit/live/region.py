"""The part of a frame that is classified: `--roi`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import SourceError, UsageError

CENTRE = ("centre", "center")
_EXPECTED = "expected LEFT,TOP,WIDTH,HEIGHT in pixels or as fractions up to 1, or centre for the largest centred square"


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels."""

    left: int
    top: int
    width: int
    height: int

    def cut(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Returns this part of (H, W, 3), without copying it."""
        return pixels[self.top : self.top + self.height, self.left : self.left + self.width]


@dataclass(frozen=True)
class Region:
    """Where the rectangle lies in frames of any size; None is the largest centred square."""

    rectangle: tuple[float, float, float, float] | None = None  # left, top, width, height

    def box(self, width: int, height: int) -> Box:
        """Returns the rectangle in a frame, as far as it lies inside.

        Args:
            width: Of the frame, in pixels.
            height: Of the frame.

        Raises:
            SourceError: Nothing of it lies inside.
        """
        if self.rectangle is None:
            side = min(width, height)
            return Box((width - side) // 2, (height - side) // 2, side, side)
        left, top, across, down = self._in_pixels(self.rectangle, width, height)
        box = Box(left, top, min(across, width - left), min(down, height - top))
        if box.width < 1 or box.height < 1:
            raise SourceError(f"--roi lies outside the picture of {width} x {height} pixels: give a part of it")
        return box

    def reaches_beyond(self, width: int, height: int) -> bool:
        """Whether a part of the rectangle lies outside a frame of so many pixels."""
        if self.rectangle is None:
            return False
        left, top, across, down = self._in_pixels(self.rectangle, width, height)
        return left + across > width or top + down > height

    @staticmethod
    def _in_pixels(rectangle: tuple[float, float, float, float], width: int, height: int) -> tuple[int, int, int, int]:
        """Returns left, top, width and height in pixels; fractions are rounded edge by edge, so that 1 is the end."""
        scale = (width, height) if max(rectangle) <= 1 else (1, 1)
        left, top = (round(value * factor) for value, factor in zip(rectangle[:2], scale, strict=True))
        right, bottom = (
            round((begin + length) * factor)
            for begin, length, factor in zip(rectangle[:2], rectangle[2:], scale, strict=True)
        )
        return left, top, right - left, bottom - top


def parse_region(text: str) -> Region:
    """Reads what --roi says: "centre", "100,50,224,224", "0.25,0,0.5,1".

    Raises:
        UsageError: It is neither.
    """
    if text.lower() in CENTRE:
        return Region()
    try:
        left, top, width, height = map(float, text.split(","))
    except ValueError as error:
        raise UsageError(f"--roi {text}: {_EXPECTED}") from error
    if min(left, top) < 0 or not (0 < width < 1e6 and 0 < height < 1e6):
        raise UsageError(f"--roi {text}: {_EXPECTED}")
    return Region((left, top, width, height))
