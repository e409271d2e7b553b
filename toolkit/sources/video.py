"""Opens cameras, video files and network addresses with OpenCV."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from cnnkit.errors import SourceError
from cnnkit.measuring import Clock
from cnnkit.sources.address import Address, cameras_hint
from cnnkit.sources.certificates import check_certificate, checked_by_opencv
from cnnkit.sources.frames import Capture, Frame, file_frames, paced
from cnnkit.sources.newest import EveryFrame, FrameSource, NewestFrame
from cnnkit.sources.reconnecting import Reconnecting
from cnnkit.system import import_cv2

DEFAULT_RATE_HZ = 25.0  # of a file that does not say its own
_HIGHEST_RATE_HZ = 1000.0
_OPEN_TIMEOUT_MS = 10_000
_READ_TIMEOUT_MS = 3_000
# Read by OpenCV when its video part is first used: no messages from FFmpeg, and 3 seconds for a camera that hangs.
_TELLS_ADDRESSES = {"OPENCV_VIDEOIO_DEBUG": "0", "OPENCV_LOG_LEVEL": "SILENT"}  # off where one holds a password
_ENVIRONMENT = {"OPENCV_FFMPEG_LOGLEVEL": "-8", "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": "3"}


@dataclass(frozen=True)
class Video:
    """An open source."""

    address: Address
    capture: Capture
    rate_hz: float | None  # frames a second; None when the source does not say
    promised_frames: int  # 0 for what has no known end: cameras and live streams

    @property
    def is_live(self) -> bool:
        """Whether frames come when they come: a camera or a live stream, not something recorded."""
        return self.address.kind == "camera" or (self.address.kind == "stream" and self.promised_frames <= 0)

    def frames(
        self, *, every: bool = False, clock: Clock = time.perf_counter_ns, retries: int | None = None
    ) -> FrameSource:
        """Starts to read.

        Args:
            every: Give every frame of a recorded video as fast as it is asked for; otherwise a recorded video runs at
                its own rate like a camera, and only the newest frame is given, as it always is of a live source.
            clock: Nanoseconds.
            retries: How often in a row a live source may fail to open again; None for ever.
        """
        stop = threading.Event()
        if self.is_live:
            live = Reconnecting(self.capture, self._reopened, str(self.address), clock, stop.wait, stop.is_set, retries)
            return NewestFrame(live.frames(), lambda: None, stop)
        rate_hz = self.rate_hz or DEFAULT_RATE_HZ
        recorded = file_frames(self.capture, self.address.name, rate_hz, self.promised_frames, clock)
        if every:
            return EveryFrame(recorded, self.capture.release)
        return NewestFrame(paced(recorded, clock, stop.wait), self.capture.release, stop)

    def _reopened(self) -> Capture:
        return open_video(self.address).capture

    def recorded_frames(self, clock: Clock = time.perf_counter_ns) -> Generator[Frame]:
        """Gives every frame of a recorded video in order, and then the file back.

        Raises:
            SourceError: Not one frame can be read.
        """
        try:
            yield from file_frames(
                self.capture, self.address.name, self.rate_hz or DEFAULT_RATE_HZ, self.promised_frames, clock
            )
        finally:
            self.capture.release()


def open_video(address: Address) -> Video:
    """Opens a source.

    Raises:
        SourceError: It cannot be opened, or is no video.
    """
    has_secret = address.kind == "stream" and address.name != address.target
    for name, value in (_ENVIRONMENT | (_TELLS_ADDRESSES if has_secret else {})).items():
        os.environ[name] = value if has_secret else os.environ.get(name, value)
    cv2 = import_cv2()
    capture = _open(cv2, address)
    if not capture.isOpened():
        capture.release()
        raise SourceError(_why_not(address))
    if address.kind == "camera":
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # where a driver listens to it, fewer old frames wait
    return Video(
        address=address,
        capture=capture,
        rate_hz=_sane_rate(capture.get(cv2.CAP_PROP_FPS)),
        promised_frames=0 if address.kind == "camera" else max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT))),
    )


def _open(cv2: Any, address: Address) -> Any:
    try:
        if address.kind == "stream":
            timeouts = (
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
                _OPEN_TIMEOUT_MS,
                cv2.CAP_PROP_READ_TIMEOUT_MSEC,
                _READ_TIMEOUT_MS,
            )
            check_certificate(address)
            with checked_by_opencv(address):
                return cv2.VideoCapture(address.target, cv2.CAP_FFMPEG, list(timeouts))
        return cv2.VideoCapture(address.target)
    except cv2.error as error:
        reason = "" if address.name != str(address.target) else f" ({error.err})"
        raise SourceError(f"{address} cannot be opened{reason}") from None


def _why_not(address: Address) -> str:
    if address.kind == "file":
        return f"{address} is no video that OpenCV can read: expected an MP4, AVI, MKV or another video file"
    if address.kind == "stream":
        return f"{address} cannot be opened: check the address, and that the camera or server answers"
    device = f"/dev/video{address.target}" if isinstance(address.target, int) else address.target
    if sys.platform.startswith("linux") and os.path.exists(device):
        if not os.access(device, os.R_OK | os.W_OK):
            return f"{address} cannot be opened, permission denied: join the group that owns {device} (video)"
        return f"{address} cannot be opened: another program uses it, or {device} gives no pictures"
    return f"{address} cannot be opened: {cameras_hint()}"


def _sane_rate(rate_hz: float) -> float | None:
    """Drivers and containers answer 0, NaN or the ticks of a time base when they do not know."""
    return rate_hz if 0 < rate_hz <= _HIGHEST_RATE_HZ else None
