"""Numbers as a bench report prints them."""

from __future__ import annotations

import math

from cnnkit.report import NOTHING


def duration(ms: float | None) -> str:
    """Returns milliseconds with three significant digits."""
    return NOTHING if ms is None else significant(ms)


def spread(interval: tuple[float, float] | None) -> str:
    """Returns the ends of an interval."""
    return NOTHING if interval is None else f"{significant(interval[0])}-{significant(interval[1])}"


def significant(value: float) -> str:
    """Returns a number with three significant digits, without an exponent."""
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{round(value, digits):,.{max(0, digits)}f}"


def size(count: int | None) -> str:
    """Returns bytes in decimal units."""
    if count is None:
        return NOTHING
    if count >= 1e9:
        return f"{significant(count / 1e9)} GB"
    return f"{significant(count / 1e6)} MB" if count >= 1e6 else f"{significant(count / 1e3)} kB"
