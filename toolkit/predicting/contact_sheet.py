"""Many images and their labels at a glance: `--grid`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnkit.predicting.options import Outcome
from cnnkit.sources import FoundImage
from cnnkit.system import import_cv2, log, write_bytes
from cnnkit.view import best_font, fit, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

_THUMBNAIL = 128  # pixels of the longest side
_MOST = 200  # images: so many are held in memory, and can be looked at
_MARGIN, _TEXT, _LINE = 8, 15, 20  # pixels
_ASPECT = 1.5  # width over height that the sheet comes near to
_PAPER, _INK, _FAINT = 255, (30, 30, 30), (110, 110, 110)


class ContactSheet:
    """Keeps the first 200 images that were answered, and draws them with label and confidence at the end.

    Args:
        path: A file named .png, .jpg or .webp, which appears whole.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._cells: list[tuple[NDArray[np.uint8], str, str]] = []  # thumbnail BGR, label, confidence
        self._answered = 0

    @property
    def picture_side(self) -> int:
        """Pixels of a thumbnail, as long as there is room."""
        return _THUMBNAIL if len(self._cells) < _MOST else 0

    def skip(self, found: FoundImage) -> None:
        """Passes an image over, of which an interrupted run has written the rows: it is not on the sheet."""

    def add(self, outcomes: Sequence[Outcome]) -> Mapping[int, str]:
        """Keeps the images of a batch."""
        for outcome in outcomes:
            prediction = outcome.rows[0].prediction
            if prediction is not None:
                self._answered += 1
                if outcome.picture is not None and len(self._cells) < _MOST:
                    thumbnail = _thumbnail(outcome.picture)
                    self._cells.append((thumbnail, prediction.label, percent(prediction.confidence)))
        return {}

    def close(self) -> None:
        """Draws the sheet.

        Raises:
            OutputError: It cannot be written.
        """
        if not self._cells:
            log.warning("no image was answered: there is no %s", self._path)
            return
        write_bytes(self._path, encode_sheet(self._draw(), self._path.suffix))
        if self._answered > _MOST:
            log.info("%s shows the first %d of %s images", self._path, _MOST, f"{self._answered:,}")

    def _draw(self) -> NDArray[np.uint8]:
        """Returns the sheet, (H, W, 3) uint8 BGR."""
        width, height = _THUMBNAIL + _MARGIN, _THUMBNAIL + _MARGIN + 2 * _LINE
        columns = min(len(self._cells), math.ceil(math.sqrt(len(self._cells) * _ASPECT * height / width)))
        rows = math.ceil(len(self._cells) / columns)
        sheet = np.full((rows * height + _MARGIN, columns * width + _MARGIN, 3), _PAPER, np.uint8)
        for index, (thumbnail, label, confidence) in enumerate(self._cells):
            row, column = divmod(index, columns)
            x, y = _MARGIN + column * width, _MARGIN + row * height
            top, left = y + (_THUMBNAIL - thumbnail.shape[0]) // 2, x + (_THUMBNAIL - thumbnail.shape[1]) // 2
            sheet[top : top + thumbnail.shape[0], left : left + thumbnail.shape[1]] = thumbnail
            font = best_font()
            line = fit(font, label, _TEXT, _THUMBNAIL, bold=True)
            font.draw(sheet, line, (x, y + _THUMBNAIL + _LINE - 4), _TEXT, _INK, bold=True)
            font.draw(sheet, confidence, (x, y + _THUMBNAIL + 2 * _LINE - 6), _TEXT, _FAINT)
        return sheet


def _thumbnail(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Brings (H, W, 3) RGB to the size of a cell; small images become larger. Returns BGR."""
    cv2 = import_cv2()
    height, width = picture.shape[:2]
    factor = _THUMBNAIL / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    scaled: NDArray[np.uint8] = cv2.resize(np.ascontiguousarray(picture[..., ::-1]), size, interpolation=method)
    return scaled


def encode_sheet(image: NDArray[np.uint8], suffix: str) -> bytes:
    """Returns (H, W, 3) uint8 BGR as an image file of a suffix."""
    _, data = import_cv2().imencode(suffix.lower(), image)
    encoded: bytes = data.tobytes()
    return encoded
