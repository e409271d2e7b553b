"""Images at http and https addresses."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, partial
from http.client import HTTPException
from typing import Any

from cnnkit.errors import ImageError
from cnnkit.sources.address import without_password
from cnnkit.sources.found import FoundImage

_SILENCE_S = 10.0  # without a byte, at the beginning or on the way
_LONGEST_S = 60.0  # in all: a server may also send a byte now and then
_MAX_BYTES = 2**28
_PART = 2**16


def web_image(address: str) -> FoundImage:
    """Gives the image at an address, which is downloaded when it is read, once."""
    try:
        name = without_password(address)
    except ValueError as error:
        return FoundImage(address, problem=f"is no address ({error})")
    return FoundImage(name, content=cache(partial(fetch, address)))


def fetch(address: str, *, clock: Callable[[], float] = time.monotonic) -> bytes:
    """Downloads an image.

    Args:
        address: http or https; a user and password in it are sent as basic authentication, to its own host alone.
        clock: Seconds.

    Raises:
        ImageError: There is no answer, or another one than a file of a usable size.
    """
    name = without_password(address)
    try:
        with _opener().open(_request(address), timeout=_SILENCE_S) as answer:
            return _body(answer, name, clock)
    except (OSError, ValueError, HTTPException) as error:  # URLError and timeouts are OSErrors
        reason = _why(error)
        if hasattr(error, "close"):
            error.close()  # an answer that is an error holds its connection
        raise ImageError(name, reason) from error


def _body(answer: Any, name: str, clock: Callable[[], float]) -> bytes:
    data, end = bytearray(), clock() + _LONGEST_S
    while part := answer.read1(_PART):
        data += part
        if len(data) > _MAX_BYTES:
            raise ImageError(name, f"more than the {_MAX_BYTES:,} bytes that are downloaded")
        if clock() > end:
            raise ImageError(name, f"not complete after {_LONGEST_S:.0f} seconds")
    if answer.length:
        raise ImageError(name, f"the connection ended after {len(data):,} bytes, {answer.length:,} are missing")
    return bytes(data)


def _request(address: str) -> Any:
    from base64 import b64encode
    from urllib.parse import quote, unquote, urlsplit, urlunsplit
    from urllib.request import Request

    parts = urlsplit(address)
    path, query = (quote(text, safe="/%:=&?~+!$,;'@()*[]") for text in (parts.path, parts.query))
    request = Request(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, query, "")))
    request.add_header("User-Agent", "cnnkit")
    request.add_header("Accept", "image/*, */*;q=0.5")
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_unredirected_header("Authorization", f"Basic {b64encode(login.encode()).decode()}")
    return request


@cache
def _opener() -> Any:
    """Returns what opens addresses: http and https alone, also after a redirection."""
    from urllib import request

    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        request.HTTPRedirectHandler(),
        request.HTTPErrorProcessor(),
        request.HTTPDefaultErrorHandler(),
        request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _why(error: Exception) -> str:
    code, reason = getattr(error, "code", None), getattr(error, "reason", None)
    if code is not None:
        return f"the server answers {code} {reason}".rstrip()
    cause = reason if isinstance(reason, OSError) else error
    if isinstance(cause, TimeoutError):
        return f"no answer within {_SILENCE_S:.0f} seconds"
    return f"cannot be downloaded: {getattr(cause, 'strerror', None) or reason or cause}"
