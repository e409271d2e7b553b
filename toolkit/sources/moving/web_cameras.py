"""Cameras behind http and https addresses: what they send is told by its type, whatever the address looks like."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from cnnkit.errors import SourceError
from cnnkit.sources.address import Address
from cnnkit.sources.kinds import VIDEO_SUFFIXES, is_web_address
from cnnkit.sources.moving.parts import JpegSplitter, MultipartSplitter
from cnnkit.sources.moving.pictures import PolledPictures, Splitter, StreamOfPictures
from cnnkit.sources.moving.reasons import why_not
from cnnkit.sources.moving.shots import Opened, TimeLimits
from cnnkit.sources.web import fetch, open_address
from cnnkit.system import TypedAddress

_FILMS = VIDEO_SUFFIXES - {".mjpg", ".mjpeg"} | {".m3u8", ".mpd"}
_JPEG = b"\xff\xd8\xff"  # how one begins
_PICTURES = (_JPEG, b"\x89PNG\r\n\x1a\n")
_SOON_S, _LARGEST, _PART = 2.0, 2**26, 2**16  # of a picture without a length
_USUAL_PERIOD_S = 1.0  # between two snapshots


def open_pictures(address: Address, limits: TimeLimits, every_s: float | None) -> Opened | None:
    """Opens an address that sends pictures, as MJPEG or one whenever it is asked; None for other videos.

    Args:
        address: Of any kind.
        limits: How long it may take.
        every_s: Seconds from one snapshot to the next; None for one a second.

    Raises:
        SourceError: With one of five reasons.
    """
    target = str(address.target)
    if not is_web_address(target) or os.path.splitext(urlsplit(target).path)[1].lower() in _FILMS:
        return None
    typed = TypedAddress(target)
    try:
        answer = open_address(typed, insecure=address.insecure, patience_s=limits.open_s)
    except (OSError, ValueError, HTTPException) as error:
        raise SourceError(f"{address} {_why(target, error, limits)}") from None
    kind = answer.headers.get_content_type()
    if kind.startswith("multipart/"):
        return _stream(answer, MultipartSplitter(str(answer.headers.get_param("boundary") or "")), limits)
    if not kind.startswith("image/"):
        head = _head(answer)
        if head.startswith(_JPEG) and not _ends(answer):  # of the JPEGs that came by now none is new
            return _stream(answer, JpegSplitter(), limits)
        if not head.startswith(_PICTURES):
            answer.close()
            return None
    answer.close()
    period_s = every_s or _USUAL_PERIOD_S

    def once() -> bytes:
        return fetch(typed, insecure=address.insecure, patience_s=limits.open_s)

    return Opened(PolledPictures(once, period_s), 1 / period_s, period_s=period_s)


def _head(answer: Any) -> bytes:
    with suppress(OSError, ValueError, HTTPException):
        return bytes(answer.peek(8))
    return b""


def _ends(answer: Any) -> bool:
    """Whether an answer has an end, which it names or comes to soon: JPEGs without one are a video."""
    taken, end = 0, time.monotonic() + _SOON_S
    with suppress(OSError, ValueError, HTTPException):
        while answer.length is None and taken < _LARGEST and time.monotonic() < end:
            part = answer.read1(_PART)
            if not part:
                return True
            taken += len(part)
    return answer.length is not None


def _stream(answer: Any, splitter: Splitter, limits: TimeLimits) -> Opened:
    with suppress(AttributeError):  # without it a connection that is silent is given up a few seconds later
        answer.fp.raw._sock.settimeout(limits.read_s)
    return Opened(StreamOfPictures(answer.read1, splitter, answer.close))


def _why(target: str, error: Exception, limits: TimeLimits) -> str:
    cause = getattr(error, "reason", None)
    status = getattr(error, "code", None)
    if hasattr(error, "close"):
        error.close()
    return why_not(target, cause if isinstance(cause, Exception) else error, limits.open_s, status)
