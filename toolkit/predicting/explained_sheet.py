"""Photos with what carried the answer, and the answer without that, one below the other: `cnnkit explain -o`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnkit.classifier import Candidate
from cnnkit.explaining import Explanation, as_rgb, paint_heat
from cnnkit.images import Window
from cnnkit.predicting.contact_sheet import encode_sheet
from cnnkit.predicting.explained_rows import Reason, ReasonRow
from cnnkit.report import printable
from cnnkit.system import import_cv2, log, write_bytes
from cnnkit.view import best_font, fit, outline, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST = 100  # photos: as many as can be looked at
_SIDE, _MARGIN = 256, 14  # pixels of a picture, and of the space around it
_WORDS = 300  # pixels of the column with the answers
_TITLE, _TEXT, _LINE = 19, 15, 21  # pixels
_HEAD = 34  # pixels above the pictures of a photo, for its name
_FOOT = 24  # below them, for what they are
_BAR, _LEAST_BAR = 3, 1  # pixels: how high, and how wide at least
_ANSWERS = 5  # shown of each
_DIMMED = 0.45  # of the brightness beside what the model sees
_PAPER, _INK, _FAINT, _RULE = 255, (30, 30, 30), (110, 110, 110), (225, 225, 225)
_FIRST, _OTHERS = (90, 150, 60), (190, 160, 120)


@dataclass(frozen=True)
class Explained:
    """What is drawn of a photo."""

    row: ReasonRow  # with an answer
    pixels: NDArray[np.uint8]  # (H, W, 3) RGB, the whole photo
    seen: Window  # the part of it that the model sees
    image: NDArray[np.uint8]  # (height, width, channels) the model's input
    explanation: Explanation
    color: str  # the order of the channels of that input


class ExplainedSheet:
    """Draws photo by photo, and writes the picture at the end.

    Args:
        path: A file named .png, .jpg or .webp, which appears whole; None draws nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._rows: list[NDArray[np.uint8]] = []
        self._seen = 0

    def add(self, drawn: Explained) -> None:
        """Draws a photo below the others, up to a hundred."""
        self._seen += 1
        if len(self._rows) < _MOST:
            self._rows.append(_draw(drawn))

    def close(self) -> None:
        """Writes the picture.

        Raises:
            OutputError: It cannot be written.
        """
        if self._path is None:
            return
        if not self._rows:
            log.warning("no photo was answered: there is no %s", self._path)
            return
        write_bytes(self._path, encode_sheet(np.concatenate(self._rows), self._path.suffix))
        if self._seen > _MOST:
            log.info("%s shows the first %d of %s photos", self._path, _MOST, f"{self._seen:,}")


def _draw(drawn: Explained) -> NDArray[np.uint8]:
    """Returns a photo's row of the picture, (H, W, 3) uint8 BGR."""
    width = 3 * (_SIDE + _MARGIN) + _WORDS + 2 * _MARGIN
    row = np.full((_HEAD + _SIDE + _FOOT + _MARGIN, width, 3), _PAPER, np.uint8)
    row[0, _MARGIN:-_MARGIN] = _RULE
    font = best_font()
    reason = drawn.row.reason
    assert reason is not None
    method = f"by {reason.method}"
    end = width - _MARGIN - font.width(method, _TEXT)
    name = fit(font, drawn.row.answer.shown, _TITLE, end - 2 * _MARGIN, bold=True)
    font.draw(row, name, (_MARGIN, _HEAD - 10), _TITLE, _INK, bold=True)
    font.draw(row, method, (end, _HEAD - 10), _TEXT, _FAINT)
    for place, (picture, caption) in enumerate(_pictures(drawn, reason)):
        left = _MARGIN + place * (_SIDE + _MARGIN)
        _put(row, picture, left)
        font.draw(row, fit(font, caption, _TEXT, _SIDE), (left, _HEAD + _SIDE + _FOOT - 6), _TEXT, _FAINT)
    _write_answers(row, drawn.row, reason, _MARGIN + 3 * (_SIDE + _MARGIN))
    return row


def _pictures(drawn: Explained, reason: Reason) -> list[tuple[NDArray[np.uint8], str]]:
    """Returns the pictures of a photo, (H, W, 3) uint8 RGB that fit into their place, and what they show."""
    explanation = drawn.explanation
    inside = _fitted(as_rgb(drawn.image, drawn.color))
    heat = import_cv2().resize(explanation.heat, inside.shape[1::-1], interpolation=import_cv2().INTER_LINEAR)
    pictures = [
        (_whole_photo(drawn, reason), "photo"),
        (paint_heat(inside, heat), f"speaks for {printable(reason.label)}"),
    ]
    if explanation.covered is not None:
        pictures.append((_fitted(as_rgb(explanation.covered, drawn.color)), "without that part"))
    return pictures


def _whole_photo(drawn: Explained, reason: Reason) -> NDArray[np.uint8]:
    """Returns the photo, dim beside what the model sees, with a frame around the part that carries the answer."""
    small = _fitted(drawn.pixels)
    scale = small.shape[0] / drawn.pixels.shape[0], small.shape[1] / drawn.pixels.shape[1]
    dimmed = (small * _DIMMED).astype(np.uint8)
    seen = _scaled(drawn.seen, scale)
    dimmed[seen.slices] = small[seen.slices]
    if reason.part is None:
        return dimmed
    part = _scaled(reason.part, scale)
    framed = outline(np.ascontiguousarray(dimmed[..., ::-1]), part.left, part.top, part.width, part.height)
    return framed[..., ::-1]


def _scaled(window: Window, scale: tuple[float, float]) -> Window:
    top, left = round(window.top * scale[0]), round(window.left * scale[1])
    bottom, right = round((window.top + window.height) * scale[0]), round((window.left + window.width) * scale[1])
    return Window(top, left, max(1, bottom - top), max(1, right - left))


def _fitted(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Scales (H, W, 3) to the side of a picture; where it is small, its pixels are to be seen."""
    cv2 = import_cv2()
    factor = _SIDE / max(rgb.shape[:2])
    size = max(1, round(rgb.shape[1] * factor)), max(1, round(rgb.shape[0] * factor))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST if factor >= 2 else cv2.INTER_LINEAR
    scaled: NDArray[np.uint8] = cv2.resize(rgb, size, interpolation=method)
    return scaled


def _put(row: NDArray[np.uint8], rgb: NDArray[np.uint8], left: int) -> None:
    height, width = rgb.shape[:2]
    top, start = _HEAD + (_SIDE - height) // 2, left + (_SIDE - width) // 2
    row[top : top + height, start : start + width] = rgb[..., ::-1]


def _write_answers(row: NDArray[np.uint8], answered: ReasonRow, reason: Reason, left: int) -> None:
    prediction = answered.answer.prediction
    assert prediction is not None
    y = _write_list(row, "answer", prediction.top, left, _HEAD)
    if reason.without is None:
        best_font().draw(row, "no part alone carries it", (left, y + _LINE), _TEXT, _FAINT)
    else:
        _write_list(row, "without that part", reason.without.top, left, y + 8)


def _write_list(row: NDArray[np.uint8], title: str, top: tuple[Candidate, ...], left: int, y: int) -> int:
    """Writes the likeliest classes with their bars, and returns where there is room below them."""
    font = best_font()
    font.draw(row, title, (left, y + _TEXT), _TEXT, _FAINT)
    for place, candidate in enumerate(top[:_ANSWERS]):
        y += _LINE
        number = percent(candidate.probability)
        end = left + _WORDS - font.width(number, _TEXT)
        label = fit(font, printable(candidate.label), _TEXT, end - left - _MARGIN, bold=place == 0)
        font.draw(row, label, (left, y + _TEXT), _TEXT, _INK, bold=place == 0)
        font.draw(row, number, (end, y + _TEXT), _TEXT, _INK)
        wide = max(_LEAST_BAR, round(_WORDS * min(1.0, candidate.probability)))
        row[y + _TEXT + 4 : y + _TEXT + 4 + _BAR, left : left + wide] = _FIRST if place == 0 else _OTHERS
    return y + _LINE
