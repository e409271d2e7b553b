"""Text on images: OpenCV 5's outline font where there is one, its ASCII stroke font elsewhere."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cnnkit.system import import_cv2

CAP_HEIGHT = 0.7  # of the text size: how high a capital letter stands above the baseline

Colour = tuple[int, int, int]  # BGR, 0 to 255


class Font(Protocol):
    """Measures and draws one line of text; sizes are in pixels."""

    def width(self, text: str, size: int, *, bold: bool = False) -> int:
        """Returns how wide the text will be, in pixels."""
        ...

    def draw(
        self, image: NDArray[np.uint8], text: str, at: tuple[int, int], size: int, colour: Colour, *, bold: bool = False
    ) -> None:
        """Draws onto (H, W, 3) uint8 BGR; `at` is x and the y of the baseline, in pixels."""
        ...


class OutlineFont:
    """The Unicode font built into OpenCV 5."""

    def __init__(self) -> None:
        self._cv2: Any = import_cv2()
        self._face = self._cv2.FontFace("sans")

    def width(self, text: str, size: int, *, bold: bool = False) -> int:
        x, _, width, _ = self._cv2.getTextSize((0, 0), text, (0, 0), self._face, size, _weight(bold))
        return int(x + width)

    def draw(
        self, image: NDArray[np.uint8], text: str, at: tuple[int, int], size: int, colour: Colour, *, bold: bool = False
    ) -> None:
        self._cv2.putText(image, text, at, colour, self._face, size, _weight(bold))


class StrokeFont:
    """The Hershey font of every OpenCV: ASCII alone, so that other letters lose their accents or become '?'."""

    _UNIT = 21.0  # pixels that a capital letter is high at scale 1

    def __init__(self) -> None:
        self._cv2: Any = import_cv2()

    def width(self, text: str, size: int, *, bold: bool = False) -> int:
        (width, _), _ = self._cv2.getTextSize(to_ascii(text), *self._style(size, bold))
        return int(width)

    def draw(
        self, image: NDArray[np.uint8], text: str, at: tuple[int, int], size: int, colour: Colour, *, bold: bool = False
    ) -> None:
        face, scale, thickness = self._style(size, bold)
        self._cv2.putText(image, to_ascii(text), at, face, scale, colour, thickness, self._cv2.LINE_AA)

    def _style(self, size: int, bold: bool) -> tuple[int, float, int]:
        thickness = max(1, round(size / (12 if bold else 18)))
        return self._cv2.FONT_HERSHEY_SIMPLEX, CAP_HEIGHT * size / self._UNIT, thickness


def to_ascii(text: str) -> str:
    """Returns the text with accents dropped, and '?' for each letter that ASCII has no base for."""
    base = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("…", "..."))
    kept = (char for char in base if not unicodedata.combining(char))
    return "".join(char if " " <= char <= "~" else "?" for char in kept)


def fit(font: Font, text: str, size: int, width: int, *, bold: bool = False) -> str:
    """Returns the text on one line, cut with '…' where it is wider than `width` pixels."""
    line = " ".join(text.split())
    if font.width(line, size, bold=bold) <= width:
        return line
    shown = len(line)
    while shown and font.width(line[:shown].rstrip() + "…", size, bold=bold) > width:
        shown -= 1
    return line[:shown].rstrip() + "…" if shown else ""


@lru_cache(maxsize=1)
def best_font() -> Font:
    """Returns the best font that this OpenCV has."""
    return OutlineFont() if hasattr(import_cv2(), "FontFace") else StrokeFont()


def _weight(bold: bool) -> int:
    return 600 if bold else 400
