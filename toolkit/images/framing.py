"""Which part of an image is seen by a model that crops, and where in its input an image lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cnnkit.spec import InputSpec


class Window(NamedTuple):
    """A part of an image, in whole pixels."""

    top: int
    left: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """What takes the part out of an array of (H, W, ...)."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


class Placement(NamedTuple):
    """How an image becomes a model's input."""

    seen: Window  # the part of the image that is taken, in its pixels
    lies: Window  # the part of the input that it fills, in those of the input; what is around it is black


def place_image(height: int, width: int, spec: InputSpec) -> Placement:
    """Says how an image is fitted, as `resize_image` does it.

    Args:
        height: Of the image, in pixels.
        width: Of the image.
        spec: What the model takes.
    """
    whole, filled = Window(0, 0, height, width), Window(0, 0, spec.height, spec.width)
    if spec.resize == "crop":
        return Placement(centred_window(height, width, spec.height / spec.width), filled)
    if spec.resize == "squash":
        return Placement(whole, filled)
    scale = min(spec.height / height, spec.width / width)
    new_height, new_width = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (spec.height - new_height) // 2, (spec.width - new_width) // 2
    return Placement(whole, Window(top, left, new_height, new_width))


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
