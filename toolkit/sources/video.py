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
from cnnkit.sources.moving import USUAL_LIMITS, Opened, TimeLimits, open_device, open_film, open_stream
from cnnkit.sources.newest import EveryFrame, FrameSource, NewestFrame
from cnnkit.sources.reconnecting import Reconnecting

DEFAULT_RATE_HZ = 25.0  # of a file that does not say its own


@dataclass(frozen=True)
class Video:
    """An open source."""

    address: Address
    opened: Opened
    limits: TimeLimits = USUAL_LIMITS
    every_s: float | None = None  # seconds between two pictures, where they are asked for; None for one

    @property
    def is_live(self) -> bool:
        """Whether frames come when they come: a camera or a live stream, not something recorded."""
        return not self.opened.recorded

    @property
    def rate_hz(self) -> float:
        """Frames a second, or what is taken for it where the source does not say."""
        return self.opened.rate_hz or DEFAULT_RATE_HZ

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
            live = Reconnecting(
                self.opened, self._reopened, str(self.address), clock, stop.wait, stop.is_set, self.limits, retries
            )
            return NewestFrame(live.frames(), lambda: None, stop)
        release = self.opened.capture.release
        recorded = self._recorded(clock)
        if every:
            return EveryFrame(recorded, release)
        return NewestFrame(paced(recorded, clock, stop.wait), release, stop)

    def _reopened(self) -> Opened:
        return open_video(self.address, self.limits, self.every_s).opened

    def recorded_frames(self, clock: Clock = time.perf_counter_ns) -> Generator[Frame]:
        """Gives every frame of a recorded video in order, and then the file back.

        Raises:
            SourceError: Not one frame can be read.
        """
        try:
            yield from self._recorded(clock)
        finally:
            self.opened.capture.release()

    def _recorded(self, clock: Clock) -> Generator[Frame]:
        opened = self.opened
        yield from file_frames(opened.capture, self.address.name, self.rate_hz, opened.promised_frames, clock)


def open_video(address: Address, limits: TimeLimits = USUAL_LIMITS, every_s: float | None = None) -> Video:
    """Opens a source.

    Args:
        address: What to open.
        limits: How long it may take.
        every_s: Seconds from one picture to the next where they are asked for one by one; None for one.

    Raises:
        SourceError: It cannot be opened, or is no video.
    """
    if address.kind == "camera":
        opened = open_device(address.target, str(address))
        if opened is None:
            raise SourceError(_no_camera(address))
    elif address.kind == "file":
        opened = open_film(str(address.target), str(address))
    else:
        opened = open_stream(address, limits, every_s)
    return Video(address, opened, _with_period(limits, opened.period_s), every_s)


def _with_period(limits: TimeLimits, period_s: float) -> TimeLimits:
    """A picture that is asked for now and then may be as old as that."""
    return replace(limits, stall_s=max(limits.stall_s, 2 * period_s)) if period_s else limits


def _no_camera(address: Address) -> str:
    device = f"/dev/video{address.target}" if isinstance(address.target, int) else address.target
    if sys.platform.startswith("linux") and os.path.exists(device):
        if not os.access(device, os.R_OK | os.W_OK):
            return f"{address} cannot be opened, permission denied: join the group that owns {device} (video)"
        return f"{address} cannot be opened: another program uses it, or {device} gives no pictures"
    return f"{address} cannot be opened: {cameras_hint()}"
