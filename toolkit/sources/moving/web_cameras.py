"""Cameras behind http and https addresses: what they send is told by its type, whatever the address looks like."""

from __future__ import annotations

import os
from contextlib import suppress
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from cnnkit.errors import SourceError
from cnnkit.sources.address import Address
from cnnkit.sources.kinds import VIDEO_SUFFIXES, is_web_address
from cnnkit.sources.moving.parts import MultipartSplitter
from cnnkit.sources.moving.pictures import PolledPictures, StreamOfPictures
from cnnkit.sources.moving.reasons import why_not
from cnnkit.sources.moving.shots import Opened, TimeLimits
from cnnkit.sources.web import fetch, open_address
from cnnkit.system import TypedAddress

_FILMS = VIDEO_SUFFIXES - {".mjpg", ".mjpeg"} | {".m3u8", ".mpd"}
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")  # how a JPEG and a PNG begin
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
        return _mjpeg(answer, limits)
    is_picture = kind.startswith("image/") or _begins_as_one(answer)
    answer.close()
    if not is_picture:
        return None
    period_s = every_s or _USUAL_PERIOD_S

    def once() -> bytes:
        return fetch(typed, insecure=address.insecure, patience_s=limits.open_s)

    return Opened(PolledPictures(once, period_s), 1 / period_s, period_s=period_s)


def _begins_as_one(answer: Any) -> bool:
    """Whether an answer of another type is a picture all the same: it begins as one, and has an end."""
    with suppress(OSError, ValueError, HTTPException):
        return answer.length is not None and answer.peek(8).startswith(_PICTURES)
    return False


def _mjpeg(answer: Any, limits: TimeLimits) -> Opened:
    with suppress(AttributeError):  # without it a connection that is silent is given up a few seconds later
        answer.fp.raw._sock.settimeout(limits.read_s)
    boundary = answer.headers.get_param("boundary") or ""
    return Opened(StreamOfPictures(answer.read1, MultipartSplitter(str(boundary)), answer.close))


def _why(target: str, error: Exception, limits: TimeLimits) -> str:
    cause = getattr(error, "reason", None)
    status = getattr(error, "code", None)
    if hasattr(error, "close"):
        error.close()
    return why_not(target, cause if isinstance(cause, Exception) else error, limits.open_s, status)
