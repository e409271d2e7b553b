"""What `--source` says: the index of a camera, its device, a video file, or a network address."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cnnkit.errors import SourceError
from cnnkit.images import IMAGE_SUFFIXES
from cnnkit.sources.cameras import cameras_present
from cnnkit.system import TypedAddress, shown_address, usable_address

Kind = Literal["camera", "file", "stream", "pipe", "picamera"]

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_SCHEMES = ("http", "https", "rtsp", "rtsps", "rtmp", "udp", "tcp")
_PIPE, _PI = "-", re.compile(r"picamera(?::(\d))?")
_SNIFFED_BYTES = 4096
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_TEXT_CONTROLS = b"\t\n\r\f\x1b"
_VIDEOS_LIKE_TEXT = (b"#EXTM3U", b"YUV4MPEG2 ")  # a playlist, and a header before raw pixels


@dataclass(frozen=True)
class Address:
    """A source that may exist: it has not been opened yet."""

    kind: Kind
    target: int | str = field(repr=False)  # what OpenCV opens: a camera's index, a path or an address with its password
    name: str  # what the user called it, for messages and rows, without a password
    insecure: bool = False  # whether certificates are taken as they are
    problem: str = ""  # why it can never be opened, without a password; empty where it may

    def __str__(self) -> str:
        return f"camera {self.name}" if self.kind == "camera" and isinstance(self.target, int) else self.name


def parse_address(typed: str | TypedAddress, *, insecure: bool = False) -> Address:
    """Tells cameras, files and network addresses apart and checks what can be checked without opening them.

    Args:
        typed: "0", "/dev/video0", "clip.mp4", "rtsp://user:password@host/stream".
        insecure: Take a server's certificate as it is.

    Raises:
        SourceError: There is nothing of that name, or it is certainly no video.
    """
    text = typed if isinstance(typed, str) else typed.reveal()
    if text == _PIPE:
        return Address("pipe", text, "stdin")
    pi = _PI.fullmatch(text)
    if pi is not None:
        return Address("picamera", int(pi[1] or 0), text)
    if text.isascii() and text.isdigit():
        return Address("camera", int(text), text)
    scheme = _SCHEME.match(text)
    if scheme is not None:
        return _stream(text, scheme[1].lower(), insecure)
    return _path(text)


def _stream(text: str, scheme: str, insecure: bool) -> Address:
    shown = shown_address(text)
    if scheme not in _SCHEMES:
        raise SourceError(f"{shown} cannot be opened: expected an address that begins with {', '.join(_SCHEMES)}")
    try:
        return Address("stream", usable_address(text), shown, insecure)
    except ValueError as error:
        raise SourceError(f"{shown} is no address: {error}") from error


def _path(text: str) -> Address:
    try:
        status = os.stat(text)
    except (OSError, ValueError) as error:
        raise SourceError(_missing(text, error)) from (error if shown_address(text) == text else None)
    if stat.S_ISCHR(status.st_mode):
        return Address("camera", text, text)
    if stat.S_ISDIR(status.st_mode):
        raise SourceError(f"{text} is a folder, expected a video file: cnnkit predict takes folders of images")
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"{text} is neither a file nor a camera")
    if status.st_size == 0:
        raise SourceError(f"{text} is empty, expected a video file")
    _check_content(text)
    return Address("file", text, text)


def _missing(text: str, error: OSError | ValueError) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    text = shown_address(text)
    if text.startswith("/dev/video"):
        return f"{text} cannot be opened ({reason}): {cameras_hint()}"
    return f"{text} cannot be opened ({reason}): expected a camera index such as 0, a video file, or an address"


def cameras_hint() -> str:
    """Says which cameras there are, as the end of a message."""
    found = cameras_present()
    if found:
        return f"the cameras here are {', '.join(found)}"
    return "no camera was found, connect one, or give --source a video file or an address"


def _check_content(text: str) -> None:
    """OpenCV opens pictures as videos of one frame, and draws text files as pictures of text."""
    if Path(text).suffix.lower() in IMAGE_SUFFIXES - {".gif"}:
        raise SourceError(f"{text} is an image, expected a video file: cnnkit predict takes images")
    with open(text, "rb") as file:
        head = file.read(_SNIFFED_BYTES)
    if _is_text(head) and not head.startswith(_VIDEOS_LIKE_TEXT):
        raise SourceError(f"{text} is a text file, expected a video file")


def _is_text(head: bytes) -> bool:
    """Whether bytes are text in some encoding: a video's first bytes hold control characters."""
    return head.startswith(_UTF16_MARKS) or not any(byte < 0x20 and byte not in _TEXT_CONTROLS for byte in head)
