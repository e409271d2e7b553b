"""The pictures of several cameras in one window, side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnnkit.live.outputs import Screen
from cnnkit.system import import_cv2
from cnnkit.view import Command

_SIZE = (1280, 720)  # width and height of the whole, in pixels


class Wall:
    """Puts the pictures of several cameras together.

    Args:
        screen: Shows the whole.
        cameras: How many there are.
    """

    def __init__(self, screen: Screen, cameras: int) -> None:
        self._screen = screen
        self._columns = math.ceil(math.sqrt(cameras))
        rows = math.ceil(cameras / self._columns)
        self._cell = (_SIZE[0] // self._columns, _SIZE[1] // rows)
        self._whole = np.zeros((self._cell[1] * rows, self._cell[0] * self._columns, 3), np.uint8)
        self.tiles = [Tile(self, camera) for camera in range(cameras)]

    def show(self, camera: int, image: NDArray[np.uint8]) -> None:
        """Shows (H, W, 3) uint8 BGR in a camera's place, as large as fits."""
        cv2 = import_cv2()
        width, height = self._cell
        scale = min(width / image.shape[1], height / image.shape[0])
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        row, column = divmod(camera, self._columns)
        cell = self._whole[row * height : (row + 1) * height, column * width : (column + 1) * width]
        cell[:] = 0
        left, top = (width - size[0]) // 2, (height - size[1]) // 2
        cell[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        self._screen.show(self._whole)

    def command(self) -> Command | None:
        """Handles the window's events, and returns what a key asks for."""
        return self._screen.command()


class Tile:
    """A camera's place."""

    def __init__(self, wall: Wall, camera: int) -> None:
        self._wall, self._camera = wall, camera

    def show(self, image: NDArray[np.uint8]) -> None:
        """Shows (H, W, 3) uint8 BGR."""
        self._wall.show(self._camera, image)

    def command(self) -> Command | None:
        """Handles the events of the whole window."""
        return self._wall.command()


def screens_of(screen: Screen, cameras: int) -> Sequence[Screen]:
    """Returns a screen for each camera: the whole one for a single camera."""
    return [screen] if cameras == 1 else Wall(screen, cameras).tiles
