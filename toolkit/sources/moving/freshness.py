"""How old the pictures of a live source are, by its own clock where it has one."""

from __future__ import annotations

_WINDOW_NS = 30_000_000_000  # the quickest way is that of the last 30 to 60 seconds: two clocks drift apart
_WAITED = 0.5  # of the time between two pictures, which the second must have been waited for: else it had been there
_LEAP_S = 3600.0  # a clock that leaps by so much, or goes back, begins anew


class Freshness:
    """Tells when a picture was taken, from the time it carries and the time at which it came.

    The source's clock shows another time than ours. The quickest of the last pictures is taken for one without delay,
    and the others are late by what they took longer. A picture that came at once behind the one before had been waiting
    somewhere, so that nothing can be said of its age: as when a connection begins with what a server had kept.
    """

    def __init__(self) -> None:
        self._last: tuple[float, int] | None = None  # the source's time, ours
        self._quickest_ns: list[int] = []  # differences of the clocks: of this window and of the one before
        self._window_end_ns = 0
        self._settled = False

    def captured_ns(self, at_s: float, arrived_ns: int) -> int | None:
        """Takes the next picture.

        Args:
            at_s: The source's own time of it.
            arrived_ns: Our clock when it was there.

        Returns:
            Our clock when it was taken; None where that cannot be told.
        """
        last, self._last = self._last, (at_s, arrived_ns)
        difference = arrived_ns - round(at_s * 1e9)
        if last is None or not 0 <= at_s - last[0] < _LEAP_S:
            self._quickest_ns, self._settled = [difference], False
            self._window_end_ns = arrived_ns + _WINDOW_NS
            return None
        step_ns = (at_s - last[0]) * 1e9
        if not self._settled:
            self._quickest_ns = [difference]
            self._settled = arrived_ns - last[1] >= _WAITED * step_ns
        elif difference < min(self._quickest_ns) - _WAITED * step_ns:
            self._quickest_ns, self._settled = [difference], False
        self._slide(difference, arrived_ns)
        return arrived_ns - (difference - min(self._quickest_ns)) if self._settled else None

    def _slide(self, difference: int, arrived_ns: int) -> None:
        if arrived_ns >= self._window_end_ns:
            self._quickest_ns = [self._quickest_ns[-1], difference]
            self._window_end_ns = arrived_ns + _WINDOW_NS
        self._quickest_ns[-1] = min(self._quickest_ns[-1], difference)
