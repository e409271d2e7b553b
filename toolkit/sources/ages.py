"""The pictures of a live source as frames with their age; what had waited somewhere is no live picture."""

from __future__ import annotations

from cnnkit.measuring import Clock
from cnnkit.sources.frames import Frame, Pause
from cnnkit.sources.moving import Freshness, Opened, Pace, Shot
from cnnkit.sources.patience import Patience
from cnnkit.system import log

_NEARLY = 0.8  # of the time limit: a read that took so long ended because of it, or might as well have
_OLD_FOR_S = 5.0  # after so long with old pictures alone a connection is given up: a new one begins with new ones
_AT_ONCE_S = 0.005  # between two reads, of which the second found a picture that had waited
_SLOW = 5  # pictures in a row that came later than the signal lasts, after which that is said


class Ages:
    """Judges the pictures of one connection.

    Args:
        opened: The connection.
        patience: How long it may take, and how old a picture may be.
        clock: Nanoseconds.
        pause: Waits.
        name: What messages call the source.
    """

    def __init__(self, opened: Opened, patience: Patience, clock: Clock, pause: Pause, name: str) -> None:
        self._patience, self._clock, self._pause, self._name = patience, clock, pause, name
        self._freshness = Freshness() if opened.timed else None
        self._pace = Pace() if opened.segmented else None
        self._old_since_ns: int | None = None
        self._late = 0
        self._waited = False  # whether the pictures to come are those that gathered while nothing came
        self.given_up = False  # no live picture will come of this connection

    def frame(self, shot: Shot, asked_ns: int) -> Frame | None:
        """Returns the frame of a picture, whole or damaged; None where it is old.

        Args:
            shot: What was read.
            asked_ns: The clock when the read began.
        """
        captured_ns = self._paced(shot) if self._pace is not None else self._told(shot, asked_ns)
        if captured_ns is None:
            return None
        stall_s = self._patience.limits.stall_s
        return Frame(0, 0.0, shot.pixels, captured_ns, "damaged" if shot.damaged else "", stall_s)

    def _paced(self, shot: Shot) -> int:
        """Waits until a picture of a segment is due, which it is taken at then."""
        if self._pace is not None and shot.at_s is not None:
            self._pause(self._pace.wait_s(shot.at_s, self._clock()))
        self._patience.note(self._clock())
        return self._clock()

    def _told(self, shot: Shot, asked_ns: int) -> int | None:
        """Tells when a picture was taken, by its own time or by that of its arrival."""
        arrived_ns = self._clock() - round(shot.decoding_s * 1e9)
        self._patience.note(arrived_ns)
        if self._freshness is not None:
            return self._by_its_clock(shot, arrived_ns)
        return self._by_arrival(arrived_ns, asked_ns)

    def _by_its_clock(self, shot: Shot, arrived_ns: int) -> int | None:
        if self._freshness is None or shot.at_s is None:
            return None
        captured_ns, stall_s = self._freshness.captured_ns(shot.at_s, arrived_ns), self._patience.limits.stall_s
        if captured_ns is not None and arrived_ns - captured_ns <= stall_s * 1e9:
            self._old_since_ns = None
            return captured_ns
        if self._old_since_ns is None:
            self._old_since_ns = arrived_ns
        allowed_s = _OLD_FOR_S + stall_s
        self.given_up = captured_ns is not None and arrived_ns - self._old_since_ns > allowed_s * 1e9
        return None

    def _by_arrival(self, arrived_ns: int, asked_ns: int) -> int | None:
        """Without a clock of its own a picture that was waited for is new, unless the wait was one for the end."""
        waited_s, limits = (arrived_ns - asked_ns) / 1e9, self._patience.limits
        if waited_s > limits.stall_s:
            self.given_up = waited_s >= _NEARLY * limits.read_s
            self._waited = True
            self._say_slow(waited_s)
            return None
        self._late = 0
        if self._waited and waited_s < _AT_ONCE_S:
            return None
        self._waited = False
        return arrived_ns

    def _say_slow(self, waited_s: float) -> None:
        self._late += 1
        if self._late == _SLOW and not self._patience.limits.adapts:
            log.warning(
                "%s gives a picture each %.1f seconds, which is no live signal: add --stall %.0f",
                self._name, waited_s, 2 * waited_s + 1,
            )  # fmt: skip
