"""A signal that comes and goes all the time: its losses are counted, and said once a minute."""

from __future__ import annotations

EVERY_S = 60.0
LASTS_S = 5.0  # a loss that lasts so long is said, however many there were before it


class Losses:
    """Tells which losses of a signal are said, so that a camera that flaps does not write without end.

    A loss is said at once, and within the minute after one that was said only where it lasts. Those that were not said
    are counted; the count goes with what is said next, after that minute at the latest.
    """

    def __init__(self) -> None:
        self._said_s: float | None = None  # when a loss was said last
        self._since_s: float | None = None  # since when there is one that is not said
        self._more = 0  # losses that were not said

    def holds_back(self, seconds: float) -> bool:
        """Takes a loss that has not been said, whenever it is seen; returns whether it is not said yet.

        Args:
            seconds: The source's time.
        """
        if self._since_s is None:
            if not self._is_said_enough(seconds):
                return False
            self._since_s = seconds
            self._more += 1
        return seconds - self._since_s < LASTS_S

    def over(self) -> None:
        """Takes notice that there is a signal."""
        self._since_s = None

    def is_due(self, seconds: float) -> bool:
        """Whether it is time to say how many there were."""
        return self._more > 0 and not self._is_said_enough(seconds)

    def note_said(self, seconds: float, *, lost: bool) -> int:
        """Takes notice of a row; returns how many losses before it were not said."""
        more, self._more = self._more - (self._since_s is not None), 0
        self._since_s = None
        if lost or more:
            self._said_s = seconds
        return more

    def _is_said_enough(self, seconds: float) -> bool:
        return self._said_s is not None and seconds - self._said_s < EVERY_S


def lost_more(times: int) -> str | None:
    """Returns what the warning of a row says of losses that were not said; None for none."""
    if not times:
        return None
    count = "once" if times == 1 else f"{times:,} times"
    return f"signal lost {count} more, each for less than {LASTS_S:g} seconds, since the row before"
