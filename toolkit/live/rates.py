"""How often something happens, over the last few times."""

from __future__ import annotations

from collections import deque

_MOST = 30  # times
_SPAN_NS = 2_000_000_000


class RateMeter:
    """Measures how often something happens: over the last 30 readings, as far as they lie within 2 seconds."""

    def __init__(self) -> None:
        self._readings: deque[tuple[int, int]] = deque(maxlen=_MOST)  # clock in ns, count

    def tick(self, now_ns: int) -> None:
        """Counts one more, at a reading of the clock."""
        self.read(self._readings[-1][1] + 1 if self._readings else 0, now_ns)

    def read(self, count: int, now_ns: int) -> None:
        """Takes how often it has happened until now, as the number of a frame says it."""
        self._readings.append((now_ns, count))
        while len(self._readings) > 2 and now_ns - self._readings[0][0] > _SPAN_NS:
            self._readings.popleft()

    @property
    def rate_hz(self) -> float | None:
        """Times a second; None before the second reading."""
        if len(self._readings) < 2:
            return None
        (first_ns, first), (last_ns, last) = self._readings[0], self._readings[-1]
        return (last - first) * 1e9 / (last_ns - first_ns) if last_ns > first_ns else None
