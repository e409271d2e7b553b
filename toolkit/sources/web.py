"""Images at http and https addresses."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, partial
from http.client import HTTPException, responses
from typing import Any

from cnnkit.errors import ImageError
from cnnkit.sources.found import FoundImage
from cnnkit.system import TypedAddress, basic_login, digest_login, http_opener, usable_address

_SILENCE_S = 10.0  # without a byte, at the beginning or on the way
_LONGEST_S = 60.0  # in all: a server may also send a byte now and then
_MAX_BYTES = 2**28
_PART = 2**16


def web_image(typed: str, *, insecure: bool = False) -> FoundImage:
    """Gives the image at an address, which is downloaded when it is read, once; insecure takes any certificate."""
    address = TypedAddress(typed)
    try:
        usable_address(typed)
    except ValueError as error:
        return FoundImage(str(address), problem=f"is no address: {error}")
    return FoundImage(str(address), content=cache(partial(fetch, address, insecure=insecure)), address=address)


def fetch(
    address: TypedAddress,
    *,
    insecure: bool = False,
    patience_s: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> bytes:
    """Downloads an image.

    Args:
        address: http or https; a user and password in it are sent to its own host alone, as a basic or digest login.
        insecure: Take the server's certificate as it is.
        patience_s: How many seconds may pass without a byte; None for ten.
        clock: Seconds.

    Raises:
        ImageError: There is no answer, or another one than a file of a usable size.
    """
    try:
        with open_address(address, insecure=insecure, patience_s=patience_s or _SILENCE_S) as answer:
            return _body(answer, str(address), clock)
    except (OSError, ValueError, HTTPException) as error:  # URLError and timeouts are OSErrors
        reason = _why(error, plainly=address.has_secret)
        if hasattr(error, "close"):
            error.close()  # an answer that is an error holds its connection
        raise ImageError(str(address), reason) from (None if address.has_secret else error)


def open_address(address: TypedAddress, *, insecure: bool, patience_s: float) -> Any:
    """Opens an address, with the login that it holds.

    Args:
        address: http or https.
        insecure: Take the server's certificate as it is.
        patience_s: How many seconds may pass without a byte.

    Returns:
        An `http.client.HTTPResponse`.

    Raises:
        OSError: There is no answer, or another one than a file.
        HTTPException: The answer is none of HTTP.
    """
    from urllib.error import HTTPError

    opener, request = _opener(insecure), _request(address.reveal())
    try:
        return opener.open(request, timeout=patience_s)
    except HTTPError as refusal:
        with refusal:
            digest = _digest(address.reveal(), request, refusal)
        if digest is None:
            raise
    request.add_unredirected_header("Authorization", digest)
    return opener.open(request, timeout=patience_s)


def _digest(address: str, request: Any, refusal: Any) -> str | None:
    """Returns the login that a server asks for; None where it asks for none that the address answers."""
    from urllib.parse import urlsplit

    if refusal.code != 401:
        return None
    return digest_login(urlsplit(usable_address(address)), refusal.headers.get_all("WWW-Authenticate", ()), request)


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
    from urllib.parse import quote, urlsplit, urlunsplit
    from urllib.request import Request

    parts = urlsplit(usable_address(address))
    path, query = (quote(text, safe="/%:=&?~+!$,;'@()*[]") for text in (parts.path, parts.query))
    request = Request(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, query, "")))
    request.add_header("User-Agent", "cnnkit")
    request.add_header("Accept", "image/*, */*;q=0.5")
    login = basic_login(parts)
    if login is not None:
        request.add_unredirected_header("Authorization", login)
    return request


@cache
def _opener(insecure: bool) -> Any:
    return http_opener(insecure=insecure, redirected=True)


def _why(error: Exception, *, plainly: bool) -> str:
    """Says why there is no answer; plainly means without words of a server or a library, who know the address."""
    code, reason = getattr(error, "code", None), getattr(error, "reason", None)
    if code is not None:
        reason = responses.get(code, "") if plainly else reason
        return f"the server answers {code} {reason}".rstrip()
    cause = reason if isinstance(reason, OSError) else error
    if hasattr(cause, "verify_message"):
        return f"its certificate is not trusted ({cause.verify_message.rstrip('.')}): --insecure takes it all the same"
    if isinstance(cause, TimeoutError):
        return f"no answer within {_SILENCE_S:.0f} seconds"
    said = getattr(cause, "strerror", None)
    if plainly:
        return f"cannot be downloaded{f': {said}' if said else ''}"
    return f"cannot be downloaded: {said or reason or cause}"
