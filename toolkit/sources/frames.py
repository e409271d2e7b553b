"""Frames in the order in which a capture gives them, each with its number and time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import SourceError
from cnnkit.measuring import Clock
from cnnkit.system import log

RETRY_S = 0.1  # between two reads of a camera that fails
_MOST_LOST = 1000  # failed reads in a row after which the rest of a damaged file is given up
_TOLERATED = 0.02  # share of a file's frames that its header may promise and not hold, as many encoders do

Pause = Callable[[float], object]  # waits so many seconds, or less when the source is being closed


@dataclass(frozen=True)
class Frame:
    """One read of a source, or one that failed."""

    number: int  # 0 for the first, counting those that were dropped or could not be read
    seconds: float  # of a file: its place in the video; of a camera: since the first read
    pixels: NDArray[np.uint8] | None  # (H, W, 3) BGR; None when the read failed
    read_ns: int  # the clock when the frame was there


class Capture(Protocol):
    """What is used of `cv2.VideoCapture`."""

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        """Returns (True, (H, W, 3) uint8 BGR), or False and anything."""
        ...

    def release(self) -> None:
        """Gives the device or file back."""
        ...


def file_frames(capture: Capture, name: str, rate_hz: float, promised: int, clock: Clock) -> Iterator[Frame]:
    """Gives the frames of a video file to its end.

    A frame that cannot be decoded is given without pixels when a later one can; otherwise it is the end.

    Args:
        capture: An open file.
        name: The file's name for messages.
        rate_hz: Frames a second.
        promised: How many frames the file's header says there are; 0 when it does not say.
        clock: Nanoseconds.

    Raises:
        SourceError: Not one frame can be read.
    """
    good = lost = 0
    for number in count():
        pixels = read_frame(capture)
        if pixels is None:
            lost += 1
            if number + 1 >= promised or lost > _MOST_LOST:
                break
            continue
        for missed in range(number - lost, number):
            yield Frame(missed, missed / rate_hz, None, clock())
        yield Frame(number, number / rate_hz, pixels, clock())
        good, lost = good + 1, 0
    if not good:
        raise SourceError(f"{name} holds no frame that can be read: the file is damaged, or its codec unknown")
    missing = promised - (number + 1 - lost)
    if missing > max(1, _TOLERATED * promised):
        log.warning("%s: the last %d of %d frames cannot be read, the file is damaged", name, missing, promised)


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
        yield replace(frame, read_ns=clock())


def read_frame(capture: Capture) -> NDArray[np.uint8] | None:
    """Reads (H, W, 3) uint8 BGR, or None where that fails; grey becomes three channels."""
    ok, pixels = capture.read()
    if not ok or pixels is None or pixels.size == 0:
        return None
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
