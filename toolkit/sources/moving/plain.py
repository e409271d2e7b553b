"""OpenCV as a reader: cameras of this machine, and films and streams where there is nothing better."""

from __future__ import annotations

import os
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import SourceError
from cnnkit.sources.moving.shots import Opened, Shot, TimeLimits, sane_rate
from cnnkit.system import import_cv2

# Read by OpenCV when its video part is first used: no messages from FFmpeg, and 3 seconds for a camera that hangs.
# What is off where an address holds a password, whatever was asked for: it would be told.
_TELLS_ADDRESSES = {"OPENCV_FFMPEG_LOGLEVEL": "-8", "OPENCV_VIDEOIO_DEBUG": "0", "OPENCV_LOG_LEVEL": "SILENT"}
_ENVIRONMENT = {"OPENCV_FFMPEG_LOGLEVEL": "-8", "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": "3"}


class VideoCapture(Protocol):
    """What is used of `cv2.VideoCapture`."""

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        """Returns (True, (H, W, 3) uint8 BGR), or False and anything."""
        ...

    def get(self, name: int, /) -> float:
        """Returns a property."""
        ...

    def release(self) -> None:
        """Gives the device or file back."""
        ...


class PlainCapture:
    """Reads with OpenCV, which hides from its user whether a picture is whole.

    Args:
        capture: Open.
        timed: Whether it is asked for the time of each picture, as of files.
    """

    def __init__(self, capture: VideoCapture, *, timed: bool = False) -> None:
        self._capture = capture
        self._time = import_cv2().CAP_PROP_POS_MSEC if timed else None

    def read(self) -> Shot:
        ok, pixels = self._capture.read()
        if not ok or pixels is None or pixels.size == 0:
            return Shot(None)
        at_s = None if self._time is None else self._capture.get(self._time) / 1000
        return Shot(as_bgr(pixels), at_s)

    def release(self) -> None:
        self._capture.release()


def as_bgr(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Makes (H, W, 3) of grey, (H, W) or (H, W, 1), too."""
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels


def open_file(path: str, name: str) -> Opened | None:
    """Opens a film, or says with None that it is none."""
    capture = _capture(name, path)
    return _film(capture, timed=True) if capture.isOpened() else None


def open_address(address: str, name: str, limits: TimeLimits) -> Opened | None:
    """Opens a network address, or says with None that this failed."""
    cv2 = _cv2(has_secret=name != address)
    timeouts = {
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: round(limits.open_s * 1000),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC: round(limits.read_s * 1000),
    }
    capture = _capture(name, address, cv2.CAP_FFMPEG, [value for pair in timeouts.items() for value in pair])
    if not capture.isOpened():
        return None
    recorded = capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0
    return _film(capture, timed=recorded)


def open_device(device: int | str, name: str, backend: int = 0) -> Any | None:
    """Opens a camera of this machine, or says with None that this failed; returns a `cv2.VideoCapture`.

    Args:
        device: Its index or path.
        name: What messages call it.
        backend: One of OpenCV's numbers; 0 for whichever works.
    """
    capture = _capture(name, device, backend)
    return capture if capture.isOpened() else None


def _film(capture: Any, *, timed: bool) -> Opened:
    cv2 = _cv2()
    promised = max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))
    rate_hz = sane_rate(capture.get(cv2.CAP_PROP_FPS))
    return Opened(PlainCapture(capture, timed=timed), rate_hz, promised, recorded=timed)


def _capture(name: str, *arguments: Any) -> Any:
    cv2 = _cv2()
    try:
        return cv2.VideoCapture(*arguments)
    except cv2.error as error:
        reason = f" ({error.err})" if name in map(str, arguments) or isinstance(arguments[0], int) else ""
        raise SourceError(f"{name} cannot be opened{reason}") from None


def _cv2(*, has_secret: bool = False) -> Any:
    for variable, value in _ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    if has_secret:
        os.environ.update(_TELLS_ADDRESSES)
    return import_cv2()
