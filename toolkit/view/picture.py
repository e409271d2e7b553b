"""Draws what the model says onto a frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnkit.classifier import Candidate, Prediction
from cnnkit.system import import_cv2
from cnnkit.view.text import CAP_HEIGHT, Colour, Font, best_font, fit

SIGNAL_WORDS = {"lost": "signal lost", "frozen": "picture frozen", "damaged": "picture damaged"}

_WHITE: Colour = (255, 255, 255)
_PALE: Colour = (205, 205, 205)
_TRACK: Colour = (120, 120, 120)
_FIRST: Colour = (80, 200, 90)
_OTHERS: Colour = (215, 165, 75)
_SHADE = 0.28  # what is left of the frame's brightness under text
_COMFORTABLE = (640, 480)  # width and height in pixels below which a frame is enlarged for a person's eyes


@dataclass(frozen=True)
class Caption:
    """What is written on a frame."""

    prediction: Prediction | None  # None: nothing was classified
    rate_hz: float | None = None  # frames classified a second; None while unknown
    age_ms: float | None = None  # how old the frame is when it is shown
    capture_hz: float | None = None  # frames the source gives a second
    words: str = SIGNAL_WORDS["lost"]  # instead of a label, where nothing was classified
    note: str = ""  # at the bottom right: what the keys have switched on


@dataclass(frozen=True)
class _Layout:
    """Sizes in pixels that follow from a frame's size."""

    width: int
    height: int
    text: int  # ordinary text
    headline: int
    margin: int
    bar_top: int  # height of the strip at the top
    row: int  # height of one class in the panel
    panel: int  # width of the panel


def paint(pixels: NDArray[np.uint8], caption: Caption) -> NDArray[np.uint8]:
    """Draws label, confidence, bars, frame rate and age.

    Args:
        pixels: (H, W, 3) uint8 BGR, left as it is.
        caption: What to write.

    Returns:
        (H, W, 3) uint8 BGR.
    """
    layout = _lay_out(pixels.shape[1], pixels.shape[0])
    image = pixels.copy()
    if caption.prediction is None:
        _paint_words(image, layout, best_font(), caption.words)
    else:
        _paint_headline(image, layout, best_font(), caption.prediction, caption)
        _paint_bars(image, layout, best_font(), caption.prediction.top)
    if caption.note:
        _paint_note(image, layout, best_font(), caption.note)
    return image


def outline(pixels: NDArray[np.uint8], left: int, top: int, width: int, height: int) -> NDArray[np.uint8]:
    """Returns a copy of (H, W, 3) uint8 BGR with a frame around a part of it."""
    thickness = max(1, min(pixels.shape[:2]) // 200)
    image = pixels.copy()
    import_cv2().rectangle(image, (left, top), (left + width - 1, top + height - 1), _FIRST, thickness)
    return image


def enlarge(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Enlarges a small frame by a whole factor, so that text drawn on it can be read.

    Args:
        pixels: (H, W, 3) uint8 BGR.

    Returns:
        (kH, kW, 3) uint8 BGR with k the smallest factor that brings one side to 640 x 480 pixels.
    """
    height, width = pixels.shape[:2]
    factor = math.ceil(min(_COMFORTABLE[0] / width, _COMFORTABLE[1] / height))
    if factor <= 1:
        return pixels
    cv2 = import_cv2()
    enlarged: NDArray[np.uint8] = cv2.resize(pixels, (width * factor, height * factor), interpolation=cv2.INTER_LINEAR)
    return enlarged


def _lay_out(width: int, height: int) -> _Layout:
    text = round(min(max(min(height, 0.75 * width) / 33 + 4, 11), 40))
    margin = round(0.6 * text)
    return _Layout(
        width=width,
        height=height,
        text=text,
        headline=round(1.5 * text),
        margin=margin,
        bar_top=round(1.5 * text) + 2 * margin,
        row=round(1.5 * text),
        panel=min(21 * text, width),
    )


def _status(caption: Caption, font: Font, size: int, width: int) -> str:
    """As much as fits of the rates and the age."""
    rate = "" if caption.rate_hz is None else f"{caption.rate_hz:.1f} frames/s"
    both = f"{rate} of {caption.capture_hz:.1f}" if rate and caption.capture_hz is not None else rate
    age = "" if caption.age_ms is None else f"delay {caption.age_ms:.0f} ms"
    wordings = (", ".join(filter(None, (both, age))), ", ".join(filter(None, (rate, age))), rate)
    return next((wording for wording in wordings if font.width(wording, size) <= width), "")


def _paint_headline(
    image: NDArray[np.uint8], layout: _Layout, font: Font, prediction: Prediction, caption: Caption
) -> None:
    """The strip at the top: label and confidence on the left, rate and age on the right."""
    _shade(image, 0, 0, layout.width, layout.bar_top)
    baseline = _baseline(0, layout.bar_top, layout.headline)
    room = layout.width - 2 * layout.margin
    status = _status(caption, font, layout.text, round(0.6 * room))
    status_width = font.width(status, layout.text)
    font.draw(image, status, (layout.width - layout.margin - status_width, baseline), layout.text, _PALE)
    confidence = percent(prediction.confidence)
    gap = layout.text
    room -= status_width + 2 * gap + font.width(confidence, layout.headline)
    label = fit(font, prediction.label, layout.headline, room, bold=True)
    font.draw(image, label, (layout.margin, baseline), layout.headline, _WHITE, bold=True)
    after = layout.margin + font.width(label, layout.headline, bold=True) + gap
    font.draw(image, confidence, (after, baseline), layout.headline, _WHITE)


def _paint_bars(image: NDArray[np.uint8], layout: _Layout, font: Font, top: tuple[Candidate, ...]) -> None:
    """The panel at the bottom left: one row a class, with columns that stay where they are from frame to frame."""
    rows = max(0, min(len(top), (round(0.6 * layout.height) - layout.margin) // layout.row))
    panel_height = rows * layout.row + layout.margin
    first = layout.height - panel_height + layout.margin // 2
    _shade(image, 0, layout.height - panel_height, layout.panel, panel_height)
    number_width = font.width("100.0 %", layout.text)
    label_width = round(0.4 * (layout.panel - 2 * layout.margin))
    bar_left = 2 * layout.margin + label_width
    bar_right = layout.panel - 2 * layout.margin - number_width
    for index, candidate in enumerate(top[:rows]):
        y = first + index * layout.row
        baseline = _baseline(y, layout.row, layout.text)
        colour = _WHITE if index == 0 else _PALE
        label = fit(font, candidate.label, layout.text, label_width)
        font.draw(image, label, (layout.margin, baseline), layout.text, colour)
        _bar(image, bar_left, bar_right, y, layout, candidate.probability, _FIRST if index == 0 else _OTHERS)
        number = percent(candidate.probability)
        right = layout.panel - layout.margin - font.width(number, layout.text)
        font.draw(image, number, (right, baseline), layout.text, colour)


def _bar(
    image: NDArray[np.uint8], left: int, right: int, y: int, layout: _Layout, probability: float, colour: Colour
) -> None:
    thickness = max(4, round(0.55 * layout.text))
    top = y + (layout.row - thickness) // 2
    image[top : top + thickness, left:right] = _TRACK
    filled = left + round((right - left) * min(max(probability, 0.0), 1.0))
    image[top : top + thickness, left:filled] = colour


def _paint_note(image: NDArray[np.uint8], layout: _Layout, font: Font, note: str) -> None:
    line = fit(font, note, layout.text, layout.width - 2 * layout.margin, bold=True)
    width = font.width(line, layout.text, bold=True) + 2 * layout.margin
    x, y = layout.width - width, layout.height - layout.row
    _shade(image, x, y, width, layout.row)
    font.draw(image, line, (x + layout.margin, _baseline(y, layout.row, layout.text)), layout.text, _WHITE, bold=True)


def _paint_words(image: NDArray[np.uint8], layout: _Layout, font: Font, words: str) -> None:
    _shade(image, 0, 0, layout.width, layout.height)
    line = fit(font, words, layout.headline, layout.width, bold=True)
    x = (layout.width - font.width(line, layout.headline, bold=True)) // 2
    font.draw(image, line, (x, _baseline(0, layout.height, layout.headline)), layout.headline, _WHITE, bold=True)


def percent(probability: float) -> str:
    """Returns a probability from 0 to 1 as text: "93.1 %"."""
    return f"{100 * probability:.1f} %"


def _shade(image: NDArray[np.uint8], x: int, y: int, width: int, height: int) -> None:
    """Darkens a rectangle so that white text on it has contrast whatever the frame shows."""
    part = image[y : y + height, x : x + width]
    part[:] = import_cv2().convertScaleAbs(part, alpha=_SHADE)


def _baseline(top: int, height: int, size: int) -> int:
    """The baseline at which capitals of a text size stand in the middle of a strip."""
    return top + (height + round(CAP_HEIGHT * size)) // 2
