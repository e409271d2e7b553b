"""A camera or stream that comes and goes: opened again whenever it gives no picture, at growing intervals."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from itertools import count

from cnnkit.errors import SourceError
from cnnkit.measuring import Clock
from cnnkit.sources.ages import Ages
from cnnkit.sources.frames import RETRY_S, Frame, Pause
from cnnkit.sources.moving import USUAL_LIMITS, Opened, TimeLimits
from cnnkit.sources.patience import Patience
from cnnkit.system import log

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0  # before it is opened again; each wait is twice the one before
_MOST_FAILED = 10  # reads in a row, after which the device or connection is given up
_MOMENT_S = 0.05  # until it is asked again for a picture that is not due
_SLICE_S = 1.0  # of a wait, after which it is said again that there is no picture


class Reconnecting:
    """Gives what a camera or stream gives, for ever; a read that fails is a frame without pixels.

    Args:
        opened: Open already; None to open it first.
        reopen: Opens it again, within time limits that may have grown.
        name: What messages call it.
        clock: Nanoseconds.
        pause: Waits so many seconds, or less when `stopped` becomes true.
        stopped: Says that no more frames are wanted.
        limits: How long it may take.
        retries: How often in a row it may fail to open, or to give a picture; None for ever.
    """

    def __init__(
        self,
        opened: Opened | None,
        reopen: Callable[[TimeLimits], Opened],
        name: str,
        clock: Clock,
        pause: Pause,
        stopped: Callable[[], bool],
        limits: TimeLimits = USUAL_LIMITS,
        retries: int | None = None,
    ) -> None:
        self._opened = opened
        self._reopen, self._name, self._clock, self._pause = reopen, name, clock, pause
        self._stopped, self._retries = stopped, retries
        self._patience = Patience(limits, name)
        self._numbers, self._start = count(), clock()
        self._attempts = 0  # since the last picture
        self._seen = False  # whether one ever came

    def frames(self) -> Generator[Frame]:
        """Gives frames until they are not wanted any more; the device is given back then.

        Raises:
            SourceError: It was opened in vain as often as is allowed, or ended for good before a picture came.
        """
        try:
            while not self._stopped():
                final = self._opened is not None and self._opened.final
                yield from self._read_while_it_goes() if self._opened is not None else self._wait_and_open()
                if final:
                    self._require_pictures()
                    break
        finally:
            self._release()

    def _read_while_it_goes(self) -> Iterator[Frame]:
        failed, opened = 0, self._opened
        if opened is None:
            return
        self._patience.connect(opened)
        ages = Ages(opened, self._patience, self._clock, self._pause, self._name)
        while (opened.final or (failed < _MOST_FAILED and not ages.given_up)) and not self._stopped():
            asked_ns = self._clock()
            shot = opened.capture.read()
            if shot.waiting:
                self._pause(_MOMENT_S)
                continue
            if shot.ended:
                if opened.final:
                    return
                yield self._frame(Frame(0, 0, None, self._clock()))
                break
            if shot.pixels is None and not shot.damaged:
                yield self._frame(Frame(0, 0, None, self._clock()))
                failed += 1
                self._pause(RETRY_S)
                continue
            failed = 0
            frame = ages.frame(shot, asked_ns)
            if frame is not None:
                yield self._frame(frame)
                if frame.pixels is not None:
                    self._note_picture()
        self._patience.disconnect()
        self._release()

    def _require_pictures(self) -> None:
        if not self._seen and not self._stopped():
            raise SourceError(
                f"{self._name} ended before a picture came that was live: expected a camera's stream, a film is named "
                "by its path"
            )

    def _note_picture(self) -> None:
        self._seen = True
        if self._attempts:
            log.info("%s is back", self._name)
        self._attempts = 0

    def _wait_and_open(self) -> Iterator[Frame]:
        if self._retries is not None and self._attempts >= self._retries:
            times = "once" if self._attempts == 1 else f"{self._attempts} times"
            tried = f", and opening it again {times} did not help" if self._attempts else ""
            raise SourceError(f"{self._name} gives no picture{tried}: check the connection")
        wait_s = min(FIRST_WAIT_S * 2**self._attempts, LONGEST_WAIT_S)
        if self._attempts == 0:
            log.warning("%s gives no picture: it is opened again until it does", self._name)
        self._attempts += 1
        while wait_s > 0 and not self._stopped():
            yield self._frame(Frame(0, 0, None, self._clock()))
            self._pause(min(wait_s, _SLICE_S))
            wait_s -= _SLICE_S
        if not self._stopped():
            try:
                self._opened = self._reopen(self._patience.limits)
            except SourceError as error:
                log.debug("%s", error)

    def _frame(self, frame: Frame) -> Frame:
        """Numbers a frame, and tells when it was taken in seconds since the beginning."""
        seconds = max(0.0, (frame.captured_ns - self._start) / 1e9)
        return replace(frame, number=next(self._numbers), seconds=seconds)

    def _release(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.capture.release()
