"""The newest frame of a source, however slowly it is asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Protocol

from cnnkit.sources.frames import Frame

_JOIN_S = 0.8  # how long a reader that hangs in the driver is waited for


class FrameSource(Protocol):
    """Gives frames to a loop that takes one whenever it is ready."""

    @property
    def ended(self) -> bool:
        """Whether no further frame will come."""
        ...

    def take(self, timeout_s: float) -> Frame | None:
        """Returns a frame later than the last one taken, or None when none came within `timeout_s`.

        Raises:
            SourceError: The source failed for good.
        """
        ...

    def stop(self) -> None:
        """Has the reading end soon; returns at once, so that several can be told before one is waited for."""
        ...

    def close(self) -> None:
        """Gives the camera or file back."""
        ...


class NewestFrame:
    """Reads in a thread of its own and keeps one frame: a newer one takes the place of one that nobody took.

    Args:
        frames: Blocks until the next frame is there; closed at the end, in its own thread.
        release: Called once, when no read is under way any more.
        bell: Set whenever there is something new, for whoever waits for several sources.
        stop: Set by `close`; what `frames` waits with, so that closing does not wait for it.
    """

    def __init__(
        self,
        frames: Generator[Frame],
        release: Callable[[], None],
        stop: threading.Event,
        bell: threading.Event | None = None,
    ) -> None:
        self._frames, self._release, self._stop = frames, release, stop
        self._bell = bell if bell is not None else threading.Event()
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._error: Exception | None = None
        self._finished = False
        self._stopped_s = 0.0  # when it was told to stop
        self._thread = threading.Thread(target=self._read, name="cnnkit-reader", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        with self._changed:
            return self._finished and self._newest is None and self._error is None

    def take(self, timeout_s: float) -> Frame | None:
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._finished, timeout_s)
            frame, self._newest = self._newest, None
            if frame is None and self._error is not None:
                error, self._error = self._error, None
                raise error
            return frame

    def stop(self) -> None:
        if not self._stopped_s:
            self._stopped_s = time.monotonic()
        self._stop.set()

    def close(self) -> None:
        self.stop()
        self._thread.join(max(0.0, self._stopped_s + _JOIN_S - time.monotonic()))

    def _read(self) -> None:
        error = None
        try:
            for frame in self._frames:
                with self._changed:
                    if not frame.fault or self._newest is None or self._newest.fault:
                        self._newest = frame  # a damaged one does not take the place of one that is whole
                    self._changed.notify_all()
                self._bell.set()
                if self._stop.is_set():
                    break
            self._frames.close()
        except Exception as raised:  # noqa: BLE001 - `take` raises it in the thread that asks
            error = raised
        with self._changed:
            self._error, self._finished = error, True
            self._changed.notify_all()
        self._bell.set()
        self._release()


class EveryFrame:
    """Gives every frame in order, each when it is asked for."""

    def __init__(
        self, frames: Iterator[Frame], release: Callable[[], None], bell: threading.Event | None = None
    ) -> None:
        self._frames, self._release = frames, release
        self._bell = bell if bell is not None else threading.Event()
        self._bell.set()
        self._ended = False

    @property
    def ended(self) -> bool:
        return self._ended

    def take(self, timeout_s: float) -> Frame | None:
        frame = next(self._frames, None)
        self._bell.set()  # there is always another one
        self._ended = frame is None
        return frame

    def stop(self) -> None:
        """Nothing is read but what is asked for."""

    def close(self) -> None:
        self._release()
