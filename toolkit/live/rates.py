"""Frames a second over the last few frames."""

from __future__ import annotations

from collections import deque

_MOST = 30  # frames
_SPAN_NS = 2_000_000_000


class RateMeter:
    """Measures how often something happens: over the last 30 times, as far as they lie within 2 seconds."""

    def __init__(self) -> None:
        self._times_ns: deque[int] = deque(maxlen=_MOST)

    def tick(self, now_ns: int) -> None:
        """Counts one more, at a reading of the clock."""
        self._times_ns.append(now_ns)
        while len(self._times_ns) > 2 and now_ns - self._times_ns[0] > _SPAN_NS:
            self._times_ns.popleft()

    @property
    def rate_hz(self) -> float | None:
        """Times a second; None before the second one."""
        if len(self._times_ns) < 2:
            return None
        span_ns = self._times_ns[-1] - self._times_ns[0]
        return (len(self._times_ns) - 1) * 1e9 / span_ns if span_ns > 0 else None
