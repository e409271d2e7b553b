"""Notices that a live source gives nothing any more, or always the same, whether its reads fail or hang."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cnnkit.sources import Fault, Frame

Signal = Literal["live", "lost", "frozen", "damaged"]

STALL_S = 1.0  # without any whole frame: the signal counts as lost
FROZEN_S = 5.0  # of the very same picture, which no sensor gives twice: the camera, or what is behind it, hangs
_EACH = 16  # of so many rows and columns one is compared


class SignalWatch:
    """Keeps the times of the last frame and of the last new picture of a live source.

    Args:
        now_ns: The clock.
        frozen_s: Seconds of the same picture that count as frozen; 0 for never, as of a picture that may stand still.
        stall_s: Seconds without a whole picture after which the signal is lost, unless the picture before says another.
    """

    def __init__(self, now_ns: int, frozen_s: float = FROZEN_S, stall_s: float = STALL_S) -> None:
        self._frozen_s, self._stall_s = frozen_s, stall_s
        self._handled_ns = self._changed_ns = now_ns
        self._last: Frame | None = None
        self._stand_in: Frame | None = None
        self._sample: NDArray[np.uint8] | None = None
        self._damaged = False

    def judge(self, frame: Frame) -> Signal:
        """Returns how it stands with the signal, by a frame that is about to be handled."""
        if frame.pixels is None:
            return "damaged" if frame.fault else "lost"
        sample = frame.pixels[::_EACH, ::_EACH]
        if self._sample is None or not np.array_equal(sample, self._sample):
            self._sample, self._changed_ns = sample.copy(), frame.captured_ns
        frozen = self._frozen_s > 0 and frame.captured_ns - self._changed_ns >= self._frozen_s * 1e9
        return "frozen" if frozen else "live"

    def note(self, frame: Frame, now_ns: int) -> None:
        """Takes notice of a frame that has just been handled, good or not."""
        self._handled_ns, self._damaged = now_ns, False
        if frame is not self._stand_in:
            self._last = frame
        if frame.stall_s:
            self._stall_s = frame.stall_s

    def note_damaged(self) -> None:
        """Takes notice of a picture that came and is not whole: if no other comes, that is why."""
        self._damaged = True

    def overdue(self, now_ns: int) -> Frame | None:
        """Returns a frame without pixels in place of one that has not come in its time, else None."""
        if now_ns - self._handled_ns < self._stall_s * 1e9:
            return None
        fault: Fault = "damaged" if self._damaged else ""
        if self._last is None:  # it has not given one yet
            self._stand_in = Frame(0, 0.0, None, now_ns, fault)
        else:
            seconds = self._last.seconds + (now_ns - self._last.captured_ns) / 1e9
            self._stand_in = Frame(self._last.number + 1, seconds, None, now_ns, fault)
        return self._stand_in
