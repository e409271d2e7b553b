"""PyAV as a reader of films and streams: it says of each picture when it was taken and whether it is whole."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import SourceError
from cnnkit.sources.moving.damage import DamageWatch
from cnnkit.sources.moving.reasons import why_not
from cnnkit.sources.moving.shots import ENDED, Opened, Shot, TimeLimits, sane_rate

_STRICT = ("mjpeg", "mjpegb")  # their decoders say of torn pictures nothing but by failing
_SEGMENTED = ("hls", "dash")
_SEGMENT_S = 30.0  # between two segments, of which a playlist may have to be read again
_UNTIMED = ("mjpeg", "mpjpeg", "h264", "hevc", "m4v")  # formats whose pictures carry no time: FFmpeg makes one up


@cache
def is_installed() -> bool:
    """Whether PyAV is here: the extra "video"."""
    return find_spec("av") is not None


class DecodedCapture:
    """Reads the pictures of an open container.

    Args:
        container: As `av.open` returns it.
        live: Decode in one thread: with several, pictures wait for those behind them.
    """

    def __init__(self, container: Any, *, live: bool) -> None:
        self._av, self._container = _av(), container
        stream = container.streams.video[0]
        context = stream.codec_context
        strict = context.name in _STRICT
        # Threads by slices would switch off what finds damage in H.264, and those by frames lose one behind an error.
        context.thread_type, context.thread_count = ("NONE", 1) if live or strict else ("FRAME", 0)
        if strict:
            context.options = {"err_detect": "explode"}
        self._start_s = 0.0 if live or stream.start_time is None else float(stream.start_time * stream.time_base)
        self._timed = container.format.name not in _UNTIMED
        self._stream, self._packets = stream, container.demux(stream)
        self._frames: deque[Any] = deque()
        self._damage = DamageWatch()
        self._arrived_s = 0.0
        self._last_s = 0.0

    def read(self) -> Shot:
        while not self._frames:
            try:
                packet = next(self._packets, None)
            except self._av.FFmpegError:
                return ENDED
            if packet is None:
                return ENDED
            self._arrived_s = time.perf_counter()
            shot = self._decode(packet)
            if shot is not None:
                return shot
        return self._shot(self._frames.popleft())

    def _decode(self, packet: Any) -> Shot | None:
        """Takes the frames of a packet; a shot where it has none because it is damaged."""
        at_s = None if packet.pts is None else float(packet.pts * packet.time_base) - self._start_s
        if packet.is_corrupt:
            self._damage.doubt(at_s)
        try:
            self._frames.extend(packet.decode())
        except self._av.FFmpegError:
            self._damage.doubt(at_s)
            return Shot(None, at_s if self._timed else None, damaged=True)
        return None

    def _shot(self, frame: Any) -> Shot:
        at_s = None if frame.time is None else frame.time - self._start_s
        self._last_s = self._last_s if at_s is None else at_s
        whole = self._damage.is_whole(self._last_s, key=frame.key_frame, marked=frame.is_corrupt)
        pixels = _upright(frame) if whole else None
        decoding_s = time.perf_counter() - self._arrived_s
        return Shot(pixels, at_s if self._timed else None, damaged=not whole, decoding_s=decoding_s)

    def release(self) -> None:
        self._container.close()


def _upright(frame: Any) -> NDArray[np.uint8]:
    """Makes (H, W, 3) BGR, turned as the film says it is to be shown."""
    pixels: NDArray[np.uint8] = frame.to_ndarray(format="bgr24")
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def open_file(path: str) -> Opened | None:
    """Opens a film, or says with None that it is none."""
    av = _av()
    try:
        container = av.open(path)
    except (av.FFmpegError, ValueError):
        return None
    if not container.streams.video:
        container.close()
        return None
    return _described(container, recorded=True)


def open_address(
    address: str, name: str, limits: TimeLimits, options: Mapping[str, str] = MappingProxyType({})
) -> Opened:
    """Opens a network address.

    Args:
        address: With user and password.
        name: Without.
        limits: How long it may take.
        options: More of FFmpeg's options, such as those for certificates.

    Raises:
        SourceError: With one of five reasons.
    """
    av = _av()
    read_s = _SEGMENT_S if ".m3u8" in address or ".mpd" in address else limits.read_s
    begin_s = time.monotonic()
    try:
        container = av.open(address, options={**_options(limits), **options}, timeout=(limits.open_s, read_s))
    except (av.FFmpegError, OSError, ValueError) as error:
        why = why_not(address, error, limits.open_s, waited_s=time.monotonic() - begin_s)
        raise SourceError(f"{name} {why}") from None
    if not container.streams.video:
        container.close()
        raise SourceError(f"{name} is there, but sends no pictures")
    return _described(container, recorded=container.duration is not None)


def open_pipe(file: Any, kind: str) -> Opened:
    """Opens what comes in without an end through something that is read.

    Args:
        file: Has `read`, which gives what is there.
        kind: "h264", "hevc", "mpegts"; empty where it is to be found out.

    Raises:
        SourceError: It is no video.
    """
    av = _av()
    try:
        container = av.open(file, format=kind or None, options={"probesize": "65536", "analyzeduration": "500000"})
    except (av.FFmpegError, ValueError):
        raise SourceError("stdin gives no video that can be read: expected MJPEG, H.264 or MPEG-TS") from None
    return replace(_described(container, recorded=False), final=True)


def _described(container: Any, *, recorded: bool) -> Opened:
    stream = container.streams.video[0]
    segmented = container.format.name.split(",")[0] in _SEGMENTED
    return Opened(
        DecodedCapture(container, live=not recorded),
        sane_rate(float(stream.average_rate or stream.guessed_rate or 0)),
        _promised(container, stream) if recorded else 0,
        timed=not recorded and not segmented and container.format.name not in _UNTIMED,
        segmented=segmented and not recorded,
        recorded=recorded,
    )


def _promised(container: Any, stream: Any) -> int:
    """How many frames a film says it has, or a film of its length and rate would have."""
    if stream.frames:
        return int(stream.frames)
    length_s = (container.duration or 0) / 1e6 if stream.duration is None else stream.duration * stream.time_base
    return int(length_s * float(stream.average_rate or 0))


def _options(limits: TimeLimits) -> dict[str, str]:
    return {
        "rtsp_transport": "tcp",
        "timeout": str(round(limits.open_s * 1e6)),
        "rw_timeout": str(round(limits.open_s * 1e6)),
        "analyzeduration": "2000000",
        "user_agent": "cnnkit",
    }


@cache
def _av() -> Any:
    import av

    av.logging.set_level(None)
    return av
