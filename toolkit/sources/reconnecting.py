"""A camera or stream that comes and goes: opened again whenever it gives no picture, at growing intervals."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from itertools import count

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import SourceError
from cnnkit.measuring import Clock
from cnnkit.sources.frames import RETRY_S, Capture, Frame, Pause, read_frame
from cnnkit.system import log

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0  # before it is opened again; each wait is twice the one before
_MOST_FAILED = 10  # reads in a row, after which the device or connection is given up
_SLICE_S = 1.0  # of a wait, after which it is said again that there is no picture


class Reconnecting:
    """Gives what a camera or stream gives, for ever; a read that fails is a frame without pixels.

    Args:
        capture: Open already.
        reopen: Opens it again.
        name: What messages call it.
        clock: Nanoseconds.
        pause: Waits so many seconds, or less when `stopped` becomes true.
        stopped: Says that no more frames are wanted.
        retries: How often in a row it may fail to open, or to give a picture; None for ever.
    """

    def __init__(
        self,
        capture: Capture,
        reopen: Callable[[], Capture],
        name: str,
        clock: Clock,
        pause: Pause,
        stopped: Callable[[], bool],
        retries: int | None = None,
    ) -> None:
        self._capture: Capture | None = capture
        self._reopen, self._name, self._clock, self._pause = reopen, name, clock, pause
        self._stopped, self._retries = stopped, retries
        self._numbers, self._start = count(), clock()
        self._attempts = 0  # since the last picture

    def frames(self) -> Generator[Frame]:
        """Gives frames until they are not wanted any more; the device is given back then.

        Raises:
            SourceError: It was opened in vain as often as is allowed.
        """
        try:
            while not self._stopped():
                yield from self._read_while_it_goes() if self._capture is not None else self._wait_and_open()
        finally:
            self._release()

    def _read_while_it_goes(self) -> Iterator[Frame]:
        failed = 0
        while failed < _MOST_FAILED and self._capture is not None and not self._stopped():
            frame = self._frame(read_frame(self._capture))
            yield frame
            if frame.pixels is None:
                failed += 1
                self._pause(RETRY_S)
            else:
                if self._attempts:
                    log.info("%s is back", self._name)
                failed = self._attempts = 0
        self._release()

    def _wait_and_open(self) -> Iterator[Frame]:
        if self._retries is not None and self._attempts >= self._retries:
            raise SourceError(
                f"{self._name} gives no picture, and opening it again {self._attempts} times did not help: "
                "check the connection"
            )
        wait_s = min(FIRST_WAIT_S * 2**self._attempts, LONGEST_WAIT_S)
        if self._attempts == 0:
            log.warning("%s gives no picture: it is opened again until it does", self._name)
        self._attempts += 1
        while wait_s > 0 and not self._stopped():
            yield self._frame(None)
            self._pause(min(wait_s, _SLICE_S))
            wait_s -= _SLICE_S
        if not self._stopped():
            try:
                self._capture = self._reopen()
            except SourceError as error:
                log.debug("%s", error)

    def _frame(self, pixels: NDArray[np.uint8] | None) -> Frame:
        now = self._clock()
        return Frame(next(self._numbers), (now - self._start) / 1e9, pixels, now)

    def _release(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()
