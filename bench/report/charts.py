"""Charts of a bench run as SVG text, in the colours of the page around them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

_WIDTH, _ROW, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 34, 190, 20, 8, 46  # pixels
_PLOT_HEIGHT = 260
_LINE = 15  # from one label to the next
_LABEL_WIDTH = 200
_TICKS = 6


@dataclass(frozen=True)
class Point:
    """A contender in the plane of latency and accuracy."""

    name: str
    latency_ms: float
    top1: float  # fraction, with the ends of its 95 % interval
    low: float
    high: float
    chosen: bool


def latency_chart(times: Mapping[str, Sequence[float]], chosen: str) -> str:
    """Draws a row for each contender: from the 1st to the 99th percentile, the quartiles, the median.

    Args:
        times: Milliseconds, by contender.
        chosen: Which one is drawn in colour.
    """
    marks = {name: np.percentile(values, [1, 25, 50, 75, 99]) for name, values in times.items()}
    scale = _Log(
        min(mark[0] for mark in marks.values()), max(mark[4] for mark in marks.values()), _LEFT, _WIDTH - _RIGHT
    )
    height = _TOP + _ROW * len(marks) + _BOTTOM
    parts = [_grid(scale, _TOP, height - _BOTTOM, "milliseconds for one image")]
    for row, (name, mark) in enumerate(marks.items()):
        y = _TOP + _ROW * row + _ROW / 2
        p1, q1, median, q3, p99 = (scale.at(value) for value in mark)
        kind = "chosen" if name == chosen else "other"
        parts.append(
            f'<g class="{kind}"><title>{escape(name)}: median {mark[2]:.3g} ms, 1 % to 99 % {mark[0]:.3g} to '
            f'{mark[4]:.3g} ms</title><text class="name" x="{_LEFT - 12}" y="{y + 4:.1f}">{escape(_cut(name))}</text>'
            f'<line x1="{p1:.1f}" x2="{p99:.1f}" y1="{y}" y2="{y}"/>'
            f'<rect x="{q1:.1f}" y="{y - 8}" width="{max(2.0, q3 - q1):.1f}" height="16"/>'
            f'<line class="median" x1="{median:.1f}" x2="{median:.1f}" y1="{y - 11}" y2="{y + 11}"/></g>'
        )
    return _svg(height, "Latency of one image", parts)


def accuracy_chart(points: Sequence[Point]) -> str:
    """Draws accuracy with its interval against median latency: what is up and to the left is better."""
    scale = _Log(min(p.latency_ms for p in points), max(p.latency_ms for p in points), 70, _WIDTH - 150)
    low, high = min(p.low for p in points), max(p.high for p in points)
    margin = max((high - low) * 0.1, 0.002)
    low, high = max(0.0, low - margin), min(1.0, high + margin)
    bottom = _TOP + _PLOT_HEIGHT

    def y_of(value: float) -> float:
        return bottom - (value - low) / (high - low) * _PLOT_HEIGHT

    parts = [_grid(scale, _TOP, bottom, "milliseconds for one image, median")]
    parts += [
        f'<text class="tick" x="58" y="{y_of(value) + 4:.1f}" text-anchor="end">{100 * value:.1f} %</text>'
        for value in np.linspace(low, high, 5)
    ]
    heights = [y_of(point.top1) for point in points]
    places = [scale.at(point.latency_ms) for point in points]
    labels = _apart(heights, places, bottom - _LINE)
    bars: list[str] = []
    names: list[str] = []
    dots: list[str] = []
    for point, x, y, label_y in zip(points, places, heights, labels, strict=True):
        kind = "chosen" if point.chosen else "other"
        said = f"{escape(point.name)}: {100 * point.top1:.2f} % in {point.latency_ms:.3g} ms"
        ends = f'y1="{y_of(point.low):.1f}" y2="{y_of(point.high):.1f}"'
        bars.append(f'<g class="{kind}"><line x1="{x:.1f}" x2="{x:.1f}" {ends}/></g>')
        names.append(
            f'<g><line class="leader" x1="{x:.1f}" x2="{x + 22:.1f}" y1="{y:.1f}" y2="{label_y:.1f}"/>'
            f'<text class="label" x="{x + 25:.1f}" y="{label_y + 4:.1f}">{escape(_cut(point.name))}</text></g>'
        )
        dots.append(f'<g class="{kind}"><title>{said}</title><circle cx="{x:.1f}" cy="{y:.1f}" r="6"/></g>')
    return _svg(bottom + _BOTTOM, "Accuracy against latency", parts + bars + names + dots)


def sweep_chart(name: str, lines: Mapping[int, Mapping[int, float]]) -> str:
    """Draws throughput against the batch size, a line for each number of threads.

    Args:
        name: The contender.
        lines: Threads -> batch size -> images per second.
    """
    sizes = sorted({size for line in lines.values() for size in line})
    most = max(value for line in lines.values() for value in line.values())
    bottom, left, right = _TOP + _PLOT_HEIGHT, 80, _WIDTH - 110

    def x_of(size: int) -> float:
        return left + sizes.index(size) * (right - left) / max(1, len(sizes) - 1)

    def y_of(value: float) -> float:
        return bottom - value / (1.05 * most) * _PLOT_HEIGHT

    parts = [
        f'<line class="grid" x1="{left}" x2="{right}" y1="{y_of(value):.1f}" y2="{y_of(value):.1f}"/>'
        f'<text class="tick" x="{left - 10}" y="{y_of(value) + 4:.1f}" text-anchor="end">{value:,.0f}</text>'
        for value in np.linspace(0, most, 5)
    ]
    parts += [
        f'<text class="tick" x="{x_of(size):.1f}" y="{bottom + 18}" text-anchor="middle">{size}</text>'
        for size in sizes
    ]
    parts.append(_axis_title("images in a batch; images a second upwards", bottom))
    ends = [y_of(line[max(line)]) for line in lines.values()]
    best = max(lines, key=lambda threads: max(lines[threads].values()))
    for (threads, line), label_y in zip(lines.items(), _apart(ends, [right] * len(ends), bottom), strict=True):
        points = " ".join(f"{x_of(size):.1f},{y_of(value):.1f}" for size, value in sorted(line.items()))
        said = "1 thread" if threads == 1 else f"{threads} threads"
        parts.append(
            f'<g class="{"chosen" if threads == best else "other"}"><title>{said}: at most '
            f'{max(line.values()):,.0f} images a second</title><polyline points="{points}"/>'
            f'<text class="label" x="{right + 10}" y="{label_y + 4:.1f}">{said}</text></g>'
        )
    return _svg(bottom + _BOTTOM, f"Threads and batch sizes of {escape(name)}", parts)


class _Log:
    """A logarithmic scale from times to pixels.

    Args:
        low: The shortest time, in milliseconds.
        high: The longest.
        left: Pixels.
        right: Pixels.
    """

    def __init__(self, low: float, high: float, left: float, right: float) -> None:
        self._low, self._high = math.log(low * 0.85), math.log(high * 1.15)
        self._left, self._right = left, right

    def at(self, value: float) -> float:
        """Returns where a time lies."""
        return self._left + (math.log(value) - self._low) / (self._high - self._low) * (self._right - self._left)

    def ticks(self) -> list[float]:
        """Returns round times that lie inside, not too many."""
        powers = range(math.floor(self._low / math.log(10)) - 1, math.ceil(self._high / math.log(10)) + 1)
        found = [step * 10.0**power for power in powers for step in (1, 2, 5)]
        inside = [value for value in found if self._low <= math.log(value) <= self._high]
        return inside[:: max(1, math.ceil(len(inside) / _TICKS))]


def _grid(scale: _Log, top: float, bottom: float, title: str) -> str:
    lines = "".join(
        f'<line class="grid" x1="{scale.at(value):.1f}" x2="{scale.at(value):.1f}" y1="{top}" y2="{bottom}"/>'
        f'<text class="tick" x="{scale.at(value):.1f}" y="{bottom + 18}" text-anchor="middle">{value:g}</text>'
        for value in scale.ticks()
    )
    return lines + _axis_title(title, bottom)


def _axis_title(title: str, bottom: float) -> str:
    return f'<text class="tick" x="{_WIDTH / 2}" y="{bottom + 38}" text-anchor="middle">{title}</text>'


def _apart(heights: Sequence[float], places: Sequence[float], bottom: float) -> list[float]:
    """Returns how high to write the labels of marks, so that none lies on another one, or below the bottom."""
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    found = list(heights)
    done: list[int] = []
    for index in order:
        near = [found[other] for other in done if abs(places[other] - places[index]) < _LABEL_WIDTH]
        found[index] = max([found[index], *(height + _LINE for height in near)])
        done.append(index)
    over = max(0.0, max(found) - bottom)
    return [height - over for height in found] if over else found


def _svg(height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-label="{title}"><title>{title}</title>'
        f"{''.join(parts)}</svg>"
    )


def _cut(name: str) -> str:
    return name if len(name) <= 24 else name[:23] + "…"
