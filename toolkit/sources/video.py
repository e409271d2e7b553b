"""Cameras, video files and network addresses, opened."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, replace

from cnnkit.errors import SourceError
from cnnkit.measuring import Clock
from cnnkit.sources.address import Address, cameras_hint
from cnnkit.sources.frames import Frame, file_frames, paced
from cnnkit.sources.moving import (
    AS_IT_IS,
    USUAL_LIMITS,
    CameraSettings,
    Opened,
    TimeLimits,
    open_device,
    open_film,
    open_picamera,
    open_stdin,
    open_stream,
)
from cnnkit.sources.newest import EveryFrame, FrameSource, NewestFrame
from cnnkit.sources.reconnecting import Reconnecting

DEFAULT_RATE_HZ = 25.0  # of a file that does not say its own


@dataclass(frozen=True)
class OpeningOptions:
    """How a source is opened."""

    limits: TimeLimits = USUAL_LIMITS
    every_s: float | None = None  # seconds from one picture to the next where they are asked for; None for one
    camera: CameraSettings = AS_IT_IS  # what a camera of this machine is asked for


AS_USUAL = OpeningOptions()


@dataclass(frozen=True)
class Video:
    """An open source."""

    address: Address
    opened: Opened | None  # None for what is still to be opened
    options: OpeningOptions = AS_USUAL
    lost: bool = False  # it could not be opened, and will not be

    @property
    def is_live(self) -> bool:
        """Whether frames come when they come: a camera or a live stream, not something recorded."""
        return not self.lost and (self.opened is None or not self.opened.recorded)

    @property
    def rate_hz(self) -> float:
        """Frames a second, or what is taken for it where the source does not say."""
        return (self.opened and self.opened.rate_hz) or DEFAULT_RATE_HZ

    def frames(
        self,
        *,
        every: bool = False,
        clock: Clock = time.perf_counter_ns,
        retries: int | None = None,
        bell: threading.Event | None = None,
    ) -> FrameSource:
        """Starts to read.

        Args:
            every: Give every frame of a recorded video as fast as it is asked for; otherwise a recorded video runs at
                its own rate like a camera, and only the newest frame is given, as it always is of a live source.
            clock: Nanoseconds.
            retries: How often in a row a live source may fail to open again; None for ever.
            bell: Is set whenever there is something new.
        """
        stop = threading.Event()
        if self.lost:
            return NewestFrame(_nothing(), lambda: None, stop, bell)
        if self.opened is None or self.is_live:
            live = Reconnecting(
                self.opened, self._reopened, str(self.address), clock, stop.wait, stop.is_set, self.options.limits,
                retries,
            )  # fmt: skip
            return NewestFrame(live.frames(), lambda: None, stop, bell)
        release = self.opened.capture.release
        recorded = self._recorded(self.opened, clock)
        if every:
            return EveryFrame(recorded, release, bell)
        return NewestFrame(paced(recorded, clock, stop.wait), release, stop, bell)

    def _reopened(self, limits: TimeLimits) -> Opened:
        return _open(self.address, replace(self.options, limits=limits))

    def recorded_frames(self, clock: Clock = time.perf_counter_ns) -> Generator[Frame]:
        """Gives every frame of a recorded video in order, and then the file back.

        Raises:
            SourceError: Not one frame can be read.
        """
        if self.opened is None:
            return
        try:
            yield from self._recorded(self.opened, clock)
        finally:
            self.opened.capture.release()

    def _recorded(self, opened: Opened, clock: Clock) -> Generator[Frame]:
        yield from file_frames(opened.capture, self.address.name, self.rate_hz, opened.promised_frames, clock)


def _nothing() -> Generator[Frame]:
    yield from ()


def open_video(address: Address, options: OpeningOptions = AS_USUAL) -> Video:
    """Opens a source.

    Raises:
        SourceError: It cannot be opened, or is no video.
        MissingExtraError: It needs the extra "video".
    """
    return Video(address, _open(address, options), options)


def _open(address: Address, options: OpeningOptions) -> Opened:
    target = str(address.target)
    if address.kind == "file":
        return open_film(target, str(address))
    if address.kind == "stream":
        return open_stream(address, options.limits, options.every_s)
    if address.kind == "pipe":
        return open_stdin(options.limits)
    if address.kind == "picamera":
        return open_picamera(int(address.target), str(address), options.camera)
    opened = open_device(address.target, str(address), options.camera)
    if opened is None:
        raise SourceError(_no_camera(address))
    return opened


def _no_camera(address: Address) -> str:
    device = f"/dev/video{address.target}" if isinstance(address.target, int) else address.target
    if sys.platform.startswith("linux") and os.path.exists(device):
        if not os.access(device, os.R_OK | os.W_OK):
            return f"{address} cannot be opened, permission denied: join the group that owns {device} (video)"
        return f"{address} cannot be opened: another program uses it, or {device} gives no pictures"
    return f"{address} cannot be opened: {cameras_hint()}"
