"""Text that fits: measured in matplotlib's font before it is drawn."""

from __future__ import annotations

from functools import cache
from typing import Any

POINT = 1 / 72  # inch


@cache
def _font(size: int, bold: bool) -> Any:
    from matplotlib.font_manager import FontProperties

    return FontProperties(size=size, weight="bold" if bold else "normal")


def width_of(text: str, size: int, *, bold: bool = False) -> float:
    """Returns how wide one line of text is, in inches, for a size in points."""
    from matplotlib.textpath import text_to_path

    width, _, _ = text_to_path.get_text_width_height_descent(text, _font(size, bold), ismath=False)
    return float(width) * POINT


def drawable(text: str) -> str:
    """Replaces with "?" what the font has no picture of, such as Chinese in a file's name."""
    from matplotlib.font_manager import findfont, get_font

    known = get_font(findfont(_font(10, False))).get_charmap()
    return "".join(char if ord(char) in known else "?" for char in text)


def cut(text: str, size: int, width: float, *, bold: bool = False) -> str:
    """Returns the text, ended with "…" where it is wider than `width` inches."""
    if width_of(text, size, bold=bold) <= width:
        return text
    shown = len(text)
    while shown and width_of(text[:shown].rstrip() + "…", size, bold=bold) > width:
        shown -= 1
    return text[:shown].rstrip() + "…"


def wrap(text: str, size: int, width: float) -> list[str]:
    """Breaks text between words into lines of at most `width` inches; a wider word has a line of its own."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and width_of(longer, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
