"""Pictures that come many at once, as in segments, given when their time has come."""

from __future__ import annotations

_LATE_S = 0.2  # by which the pictures may be behind before the whole is taken to be later
_LEAP_S = 60.0  # between two pictures, at which time begins anew


class Pace:
    """Keeps the time of a stream of segments, somewhat behind the newest of them."""

    def __init__(self) -> None:
        self._start_ns: float | None = None  # our clock at the zero of the stream's
        self._last_s = 0.0

    def wait_s(self, at_s: float, now_ns: int) -> float:
        """Returns how many seconds to wait until the next picture is due.

        Args:
            at_s: Its time in the stream.
            now_ns: Our clock.
        """
        leapt, self._last_s = not 0 <= at_s - self._last_s < _LEAP_S, at_s
        due_s = 0.0 if self._start_ns is None else (self._start_ns - now_ns) / 1e9 + at_s
        if self._start_ns is None or leapt or due_s < -_LATE_S:
            self._start_ns = now_ns - at_s * 1e9
            return 0.0
        return max(0.0, due_s)
