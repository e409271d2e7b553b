"""How long a live source may take, by the pace that it keeps: a camera that is slow is not lost."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from statistics import median

from cnnkit.sources.moving import Opened, TimeLimits
from cnnkit.system import log

_MISSED = 3.0  # times between two pictures, after which the next one is missed
_ASKED_FOR = 2.0  # the same where they are asked for, and come when they are
_SEEN, _ENOUGH = 9, 3  # of so many times the median counts, from so many on
_LATER = 1.5  # times as long as they are asked for, which is another pace
_SLOWEST_S = 60.0  # a longer time is no pace
_LONGEST_READ_S = 30.0


class Patience:
    """Stretches the time limits of one source where its pictures come slowly, but steadily.

    The median of the last times between two pictures is what its pace is, so that one pause, or a burst after it, is
    none. A connection that ended before so many pictures came may have been a slow one: the next may take twice as
    long for each of them.

    Args:
        limits: Those asked for; they stand where they are not to be stretched.
        name: What messages call the source.
    """

    def __init__(self, limits: TimeLimits, name: str) -> None:
        self._asked, self._name = limits, name
        self._period_s = 0.0  # of pictures that are asked for
        self._steps_s: deque[float] = deque(maxlen=_SEEN)
        self._last_ns: int | None = None
        self._pictures = 0  # of this connection
        self._read_s = limits.read_s
        self._said = False

    def connect(self, opened: Opened) -> None:
        """Takes notice of a new connection."""
        self._period_s, self._last_ns, self._pictures = opened.period_s, None, 0
        self._steps_s.clear()

    def note(self, arrived_ns: int) -> None:
        """Takes notice of a picture, whole or not, old or new."""
        last_ns, self._last_ns = self._last_ns, arrived_ns
        self._pictures += 1
        if last_ns is None:
            return
        self._steps_s.append((arrived_ns - last_ns) / 1e9)
        if len(self._steps_s) >= _ENOUGH:
            self._read_s = self._asked.read_s
            self._say_slow()

    def disconnect(self) -> None:
        """Takes notice of the connection's end."""
        if self._asked.adapts and self._pictures <= _ENOUGH:
            self._read_s = max(self._asked.read_s, min(2 * self._read_s, _LONGEST_READ_S))

    @property
    def limits(self) -> TimeLimits:
        """What holds now."""
        stall_s = max(self._asked.stall_s, _ASKED_FOR * self._period_s, _MISSED * self._pace_s)
        return replace(self._asked, stall_s=stall_s, read_s=max(self._read_s, 2 * stall_s))

    @property
    def _pace_s(self) -> float:
        """Seconds from one picture to the next; 0 while unknown, and where it does not count."""
        if not self._asked.adapts or len(self._steps_s) < _ENOUGH:
            return 0.0
        pace_s = median(self._steps_s)
        return pace_s if _LATER * self._period_s < pace_s <= _SLOWEST_S else 0.0

    def _say_slow(self) -> None:
        """Says once how long a picture is waited for, where the signal would be lost again and again otherwise."""
        stall_s = _MISSED * self._pace_s
        if 2 * self._pace_s > self._asked.stall_s and not self._said:
            self._said = True
            log.info(
                "%s gives a picture each %.1f seconds: without one for %.1f its signal is lost (or for --stall)",
                self._name, self._pace_s, stall_s,
            )  # fmt: skip
