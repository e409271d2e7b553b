"""Notices that a live source gives nothing any more, whether its reads fail or hang."""

from __future__ import annotations

from cnnkit.errors import SourceError
from cnnkit.sources.frames import Frame

STALL_S = 1.0  # without any frame: the signal counts as lost
PATIENCE_S = 5.0  # without a good frame: the source is gone
START_PATIENCE_S = 10.0  # the same before its first frame, for cameras and streams that are slow to start


class SignalWatch:
    """Keeps the times of the last frame and the last good frame of a live source.

    Args:
        name: What messages call the source.
        now_ns: The clock.
    """

    def __init__(self, name: str, now_ns: int) -> None:
        self._name = name
        self._any_ns = self._good_ns = now_ns
        self._last: Frame | None = None
        self._stand_in: Frame | None = None
        self._started = False

    def note(self, frame: Frame, now_ns: int) -> None:
        """Takes notice of a frame that has just been handled, good or not.

        Raises:
            SourceError: There was no good one for too long.
        """
        self._any_ns = now_ns
        if frame is not self._stand_in:
            self._last = frame
        if frame.pixels is not None:
            self._good_ns, self._started = now_ns, True
        self.check(now_ns)

    def check(self, now_ns: int) -> None:
        """Raises SourceError when there was no good frame for too long."""
        patience_s = PATIENCE_S if self._started else START_PATIENCE_S
        if now_ns - self._good_ns > patience_s * 1e9:
            raise SourceError(f"{self._name} gave no picture for {patience_s:.0f} seconds: check the connection")

    def overdue(self, now_ns: int) -> Frame | None:
        """Returns a frame without pixels in place of one that has not come for a second, else None."""
        if self._last is None or not self._started or now_ns - self._any_ns < STALL_S * 1e9:
            return None
        seconds = self._last.seconds + (now_ns - self._last.read_ns) / 1e9
        self._stand_in = Frame(self._last.number + 1, seconds, None, now_ns)
        return self._stand_in
