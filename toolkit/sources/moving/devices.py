"""Cameras of this machine: those that the system knows, and the Raspberry Pi's own."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any

from cnnkit.errors import SourceError
from cnnkit.sources.moving.plain import PlainCapture, as_bgr, open_device as open_capture
from cnnkit.sources.moving.shots import Opened, Shot, sane_rate
from cnnkit.system import import_cv2, log

_BUFFERS = 1  # fewer old pictures wait where a driver listens to it
_PI_SIZE, _PI_RATE_HZ = (1280, 720), 30.0


@dataclass(frozen=True)
class CameraSettings:
    """What a camera is asked for; what it grants may be something else."""

    pixels: str | None = None  # four letters: "MJPG", "YUYV"
    size: tuple[int, int] | None = None  # width and height in pixels
    rate_hz: float | None = None  # frames a second

    def __str__(self) -> str:
        size = None if self.size is None else f"{self.size[0]}x{self.size[1]}"
        rate = None if self.rate_hz is None else f"at {self.rate_hz:g} frames/s"
        return " ".join(filter(None, (self.pixels, size, rate)))


AS_IT_IS = CameraSettings()


def open_device(device: int | str, name: str, wanted: CameraSettings) -> Opened | None:
    """Opens a camera that the system knows, or says with None that this failed.

    Args:
        device: Its index or path; a link leads to where it leads now.
        name: What messages call it.
        wanted: What it is asked for.
    """
    target = device if isinstance(device, int) else os.path.realpath(device)
    capture = None
    if wanted != AS_IT_IS and sys.platform.startswith("linux"):
        capture = open_capture(target, name, import_cv2().CAP_V4L2)  # others do not listen to what is asked for
    capture = capture or open_capture(target, name)
    if capture is None:
        return None
    cv2 = import_cv2()
    capture.set(cv2.CAP_PROP_BUFFERSIZE, _BUFFERS)
    if wanted != AS_IT_IS:
        _ask(capture, wanted)
        _say(name, wanted, _granted(capture))
    return Opened(PlainCapture(capture), sane_rate(capture.get(cv2.CAP_PROP_FPS)))


def _ask(capture: Any, wanted: CameraSettings) -> None:
    """The format comes first: it decides which sizes and rates there are."""
    cv2 = import_cv2()
    if wanted.pixels is not None:
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter_fourcc(*wanted.pixels))
    if wanted.size is not None:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, wanted.size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wanted.size[1])
    if wanted.rate_hz is not None:
        capture.set(cv2.CAP_PROP_FPS, wanted.rate_hz)


def _granted(capture: Any) -> CameraSettings:
    cv2 = import_cv2()
    letters = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little", signed=True).decode("latin-1")
    size = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    return CameraSettings(letters if letters.isalnum() else None, size, sane_rate(capture.get(cv2.CAP_PROP_FPS)))


def _say(name: str, wanted: CameraSettings, granted: CameraSettings) -> None:
    pairs = ((wanted.pixels, granted.pixels), (wanted.size, granted.size), (wanted.rate_hz, granted.rate_hz))
    if all(asked is None or asked == given for asked, given in pairs):
        log.info("%s gives %s", name, granted)
    else:
        log.warning("%s gives %s, where %s was asked for", name, granted, wanted)


class PiCapture:
    """Reads the Raspberry Pi's camera.

    Args:
        camera: A `picamera2.Picamera2` that runs.
    """

    def __init__(self, camera: Any) -> None:
        self._camera = camera

    def read(self) -> Shot:
        try:
            request = self._camera.capture_request()
        except RuntimeError:  # how libcamera says that the camera is gone
            return Shot(None, ended=True)
        try:
            stamp_ns = request.get_metadata().get("SensorTimestamp")
            return Shot(as_bgr(request.make_array("main")), None if stamp_ns is None else stamp_ns / 1e9)
        finally:
            request.release()

    def release(self) -> None:
        self._camera.close()


def open_picamera(number: int, name: str, wanted: CameraSettings) -> Opened:
    """Opens the Raspberry Pi's camera with picamera2, which the system brings.

    Raises:
        SourceError: picamera2 is not installed, or finds no camera.
    """
    try:
        from picamera2 import Picamera2
    except ImportError as error:
        raise SourceError(
            f"{name} needs picamera2 ({error}): apt install python3-picamera2, and make the virtual environment with "
            "--system-site-packages"
        ) from None
    rate_hz = wanted.rate_hz or _PI_RATE_HZ
    try:
        camera = Picamera2(number)
        # What libcamera calls RGB888 lies in memory as blue, green, red.
        main = {"size": wanted.size or _PI_SIZE, "format": "RGB888"}
        camera.configure(camera.create_video_configuration(main=main, controls={"FrameRate": rate_hz}))
        camera.start()
    except (RuntimeError, IndexError) as error:
        raise SourceError(f"{name} cannot be opened ({error}): is the camera connected, and free?") from None
    return Opened(PiCapture(camera), rate_hz, timed=True)
