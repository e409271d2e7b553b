"""Frames in the order in which a capture gives them, each with its number and time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import SourceError
from cnnkit.measuring import Clock
from cnnkit.sources.moving import Capture, Shot
from cnnkit.system import log

RETRY_S = 0.1  # between two reads of a camera that fails
_MOST_LOST = 1000  # failed reads in a row after which the rest of a damaged file is given up
_TOLERATED = 0.02  # share of a file's frames that its header may promise and not hold, as many encoders do

Pause = Callable[[float], object]  # waits so many seconds, or less when the source is being closed
Fault = Literal["", "damaged"]


@dataclass(frozen=True)
class Frame:
    """One read of a source, or one that failed."""

    number: int  # 0 for the first, counting those that were dropped or could not be read
    seconds: float  # of a file: its place in the video; of a camera: since the first read
    pixels: NDArray[np.uint8] | None  # (H, W, 3) BGR; None when the read failed
    captured_ns: int  # the clock when it was taken, as far as that is known; else when it was there
    fault: Fault = ""  # "damaged": there is a picture, but none that is whole
    stall_s: float = 0.0  # of a live source: without another one for so long its signal is lost; 0 where it is not said


def file_frames(capture: Capture, name: str, rate_hz: float, promised: int, clock: Clock) -> Iterator[Frame]:
    """Gives the frames of a video file to its end.

    A frame that cannot be decoded is given without pixels when a later one can; otherwise it is the end.

    Args:
        capture: An open file.
        name: The file's name for messages.
        rate_hz: Frames a second, for frames that carry no time.
        promised: How many frames the file's header says there are; 0 when it does not say.
        clock: Nanoseconds.

    Raises:
        SourceError: Not one frame can be read.
    """
    good = lost = 0
    timeline = _Timeline(1 / rate_hz)
    for number in count():
        shot = capture.read()
        if shot.ended:
            break
        if shot.pixels is None and not shot.damaged:
            lost += 1
            if number + 1 >= promised or lost > _MOST_LOST:
                break
            continue
        for missed in range(number - lost, number):
            yield Frame(missed, timeline.next(), None, clock())
        yield Frame(number, timeline.next(shot), shot.pixels, clock(), "damaged" if shot.damaged else "")
        good, lost = good + (shot.pixels is not None), 0
    if not good:
        raise SourceError(f"{name} holds no frame that can be read: the file is damaged, or its codec unknown")
    missing = promised - (number + 1 - max(lost, 1))
    reached = timeline.end_s >= (1 - _TOLERATED) * promised / rate_hz  # where frames come at times of their own
    if missing > max(1, _TOLERATED * promised) and not reached:
        log.warning("%s: the last %d of %d frames cannot be read, the file is damaged", name, missing, promised)


class _Timeline:
    """The times of a film's frames: those they carry, which only go on, and a step further where they carry none."""

    def __init__(self, step_s: float) -> None:
        self._step_s, self._last_s = step_s, -step_s

    def next(self, shot: Shot | None = None) -> float:
        carried_s = None if shot is None else shot.at_s
        told = carried_s is not None and carried_s >= max(self._last_s + 1e-6, 0.0)
        self._last_s = carried_s if told and carried_s is not None else self._last_s + self._step_s
        return self._last_s

    @property
    def end_s(self) -> float:
        """When the last frame has been seen for a step."""
        return self._last_s + self._step_s


def paced(frames: Iterator[Frame], clock: Clock, pause: Pause) -> Generator[Frame]:
    """Gives each frame of a file when its time has come, as a camera would."""
    start: float | None = None
    for frame in frames:
        due = frame.seconds * 1e9
        if start is None:
            start = clock() - due
        early = start + due - clock()
        if early > 0:
            pause(early / 1e9)
        yield replace(frame, captured_ns=clock())
