"""Where everything stands in the picture of a filtered photo, in inches from its top left corner."""

from __future__ import annotations

from dataclasses import dataclass

from cnnkit.filters.windows import Pair

MARGIN = 0.55  # around the picture
HEADLINE = 0.75  # the photo's name and the line that explains the columns
TITLE = 0.28  # the line above each box
GAP = 0.45  # between boxes that are neighbours
KERNEL = 2.2  # width of the kernels' column, and the most that a kernel is wide or high
_CAPTION = 0.55  # the two lines below a kernel
_WIDEST, _NARROWEST, _HIGHEST, _LOWEST = 4.4, 3.6, 5.0, 1.9  # boxes of images; the narrowest holds its title


@dataclass(frozen=True)
class Box:
    """A rectangle."""

    x: float
    y: float  # of its top
    width: float
    height: float


@dataclass(frozen=True)
class Layout:
    """One headline and rows of three columns: kernel, convolved, pooled. Row 0 is that of the photo itself."""

    rows: int  # kernels
    image_width: float
    image_height: float

    @property
    def width(self) -> float:
        """Of the whole picture."""
        return 2 * MARGIN + KERNEL + 2 * (GAP + self.image_width)

    @property
    def height(self) -> float:
        """Of the whole picture."""
        return 2 * MARGIN + HEADLINE + (self.rows + 1) * self._pitch - GAP

    @property
    def _pitch(self) -> float:
        return TITLE + self.image_height + GAP

    def box(self, row: int, column: int) -> Box:
        """Returns the box of an image (columns 1 and 2), or the room that a row's kernel and its caption have (0)."""
        left = 0.0 if column == 0 else KERNEL + GAP + (column - 1) * (self.image_width + GAP)
        top = MARGIN + HEADLINE + row * self._pitch + TITLE
        return Box(MARGIN + left, top, KERNEL if column == 0 else self.image_width, self.image_height)

    def kernel_box(self, row: int, shape: Pair) -> Box:
        """Returns the box of a kernel with square cells, from the top left of its room."""
        room = self.box(row, 0)
        cell = min(room.width / shape[1], (room.height - _CAPTION) / shape[0])
        return Box(room.x, room.y, cell * shape[1], cell * shape[0])


def lay_out(photo: Pair, kernels: int) -> Layout:
    """Plans the picture.

    Args:
        photo: Height and width of the photo, in pixels.
        kernels: How many.
    """
    scale = min(_WIDEST / photo[1], _HIGHEST / photo[0])
    return Layout(kernels, max(_NARROWEST, scale * photo[1]), max(_LOWEST, scale * photo[0]))
