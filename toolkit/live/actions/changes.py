"""Changes that lasted: of the label or of the signal, of each source for itself."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from cnnkit.report import PredictionRow

Taker = Callable[[dict[str, Any]], None]
_ROUNDING_S = 1e-6


class Lasting:
    """Tells when something is another than it was, and has been so for long enough.

    Args:
        for_s: How long; 0 takes each change.
    """

    def __init__(self, for_s: float) -> None:
        self._for_s = for_s
        self.last: Hashable = None  # what lasted last; None before anything did
        self._next: Hashable = None
        self.since_s = 0.0  # of what comes next, or has just come

    def update(self, state: Hashable, seconds: float) -> bool:
        """Takes what is now, and returns whether it has just become what lasts.

        Args:
            state: Anything but None.
            seconds: The source's time.
        """
        if state == self.last:
            self._next = None
            return False
        if state != self._next:
            self._next, self.since_s = state, seconds
        if seconds - self.since_s < self._for_s - _ROUNDING_S:
            return False
        self.last, self._next = state, None
        return True


class LastingChanges:
    """Takes the row of every frame, and hands on those of changes that lasted.

    Args:
        takers: Are given the row of the machine formats with `previous`, the label that lasted before, and `since`, the
            source's time at which the change began. They return at once.
        for_s: How long a change must last.
    """

    def __init__(self, takers: Sequence[Taker], for_s: float) -> None:
        self._takers, self._for_s = takers, for_s
        self._sources: dict[Hashable, Lasting] = {}

    def write(self, rows: Sequence[PredictionRow]) -> None:
        """Takes rows."""
        for row in rows:
            lasting = self._sources.setdefault(_who(row), Lasting(self._for_s))
            before = lasting.last
            state = (None if row.prediction is None else row.prediction.label, row.error)
            if lasting.update(state, row.seconds or 0.0):
                previous = before[0] if isinstance(before, tuple) else None
                fields = {**row.fields(), "previous": previous, "since": round(lasting.since_s, 3)}
                for take in self._takers:
                    take(fields)

    def close(self) -> None:
        """Nothing comes after the last row."""


def _who(row: PredictionRow) -> Hashable:
    return getattr(row, "camera", None) or row.source
