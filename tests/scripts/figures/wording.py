"""How figures are written: digits, intervals and counts alike in all rows."""

from __future__ import annotations

from typing import Any


def number(value: float) -> str:
    """Returns about three significant digits, two below one and below a tenth."""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 or not size else 3
    return f"{value:,.{digits}f}"


def significant(value: float | None) -> str:
    """Returns three significant digits, whole from a hundred on; a dash where a figure is unknown."""
    if value is None:
        return "-"
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:#.3g}"


def size(count: float | None) -> str:
    """Returns bytes in kB or MB."""
    if count is None:
        return "-"
    return f"{count / 1e3:.0f} kB" if count < 1e6 else f"{significant(count / 1e6)} MB"


def percent(fraction: float) -> str:
    return f"{100 * fraction:.2f} %"


def span(found: Any) -> str:
    """Returns the bounds in the fields `low` and `high`."""
    return f"{number(found['low'])} to {number(found['high'])}"


def estimate(found: Any, of: str, n: int | None = None) -> str:
    """Returns a ratio with its 95 % interval, and how many runs it is of."""
    runs = "" if n is None else f", n = {n:,}"
    return f"{number(found['ratio'])}{of} (95 % interval {span(found)}{runs})"


def spread(found: Any, of: str, n: int) -> str:
    """Returns the median of some ratios, with the least and the greatest."""
    return f"{number(found['ratio'])}{of} (n = {n}, {span(found)})"


def accuracy(found: Any) -> str:
    """Returns a top-1 accuracy with its 95 % interval."""
    return f"{percent(found['top1'])} ({100 * found['low']:.2f} to {100 * found['high']:.2f})"


def changed_labels(count: int) -> str:
    return f"{count or 'no'} {'label' if count < 2 else 'labels'} changed"
