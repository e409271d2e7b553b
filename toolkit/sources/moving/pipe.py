"""What another program writes into the standard input: MJPEG, or with PyAV H.264 and whatever else FFmpeg knows."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable

from cnnkit.errors import SourceError
from cnnkit.sources.moving import decoded
from cnnkit.sources.moving.parts import JpegSplitter
from cnnkit.sources.moving.pictures import StreamOfPictures
from cnnkit.sources.moving.shots import Opened, TimeLimits
from cnnkit.system import require

_HEAD = 4096  # bytes by which a stream is told
_JPEG, _START, _LONG_START, _PACKET = b"\xff\xd8", b"\0\0\1", b"\0\0\0\1", 0x47
_HEVC = range(32, 36)  # types of the units with which H.265 begins


class Pipe:
    """Reads what there is, without waiting for more of it.

    Args:
        read: Gives at most so many bytes, nothing at the end.
    """

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read, self._head = read, b""

    def peek(self) -> bytes:
        """Returns the first bytes, which `read` gives once more."""
        while len(self._head) < 8 and (part := self._read(_HEAD)):
            self._head += part
        return self._head

    def read(self, most: int = _HEAD) -> bytes:
        """Waits for bytes; none are the end."""
        if self._head:
            data, self._head = self._head[:most], self._head[most:]
            return data
        return self._read(most)


def open_stdin(limits: TimeLimits) -> Opened:
    """Opens the standard input.

    Raises:
        SourceError: It is a terminal, gives nothing, or no video.
        MissingExtraError: It is not MJPEG, and the extra "video" is not installed.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError("--source - reads from a pipe: rpicam-vid -t 0 --codec mjpeg -o - | cnnkit webcam --source -")
    number = sys.stdin.fileno()
    if os.name == "posix" and not select.select([number], [], [], limits.open_s)[0]:
        raise SourceError(f"stdin gives nothing within {limits.open_s:g} seconds: does the program before it run?")
    return open_pipe(Pipe(lambda most: os.read(number, most)))


def open_pipe(pipe: Pipe) -> Opened:
    """Opens what comes through a pipe.

    Raises:
        SourceError: It is no video.
        MissingExtraError: It is not MJPEG, and the extra "video" is not installed.
    """
    head = pipe.peek()
    if not head:
        raise SourceError("stdin is empty: the program before the pipe has ended")
    if head.startswith(_JPEG):
        return Opened(StreamOfPictures(pipe.read, JpegSplitter(), lambda: None), final=True)
    require("a stream on stdin that is not MJPEG", "video", "av")
    return decoded.open_pipe(pipe, kind_of(head))


def kind_of(head: bytes) -> str:
    """Returns FFmpeg's name of the format that begins so; empty where FFmpeg is to find out."""
    for start in (_LONG_START, _START):
        if head.startswith(start) and len(head) > len(start):
            return "hevc" if head[len(start)] >> 1 & 0x3F in _HEVC else "h264"
    return "mpegts" if head[0] == _PACKET and len(head) > 188 and head[188] == _PACKET else ""
