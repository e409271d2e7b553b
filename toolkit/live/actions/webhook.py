"""`--webhook`: each change as JSON to an address, by POST."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Callable
from http.client import HTTPException, responses
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from cnnkit.errors import UsageError
from cnnkit.live.actions.delivery import NeverError, NotNowError, Parcel
from cnnkit.system import TypedAddress, basic_login, http_opener, usable_address

_TRIED_AGAIN = frozenset({408, 425, 429})  # and all from 500 up
_NOT_SENT = (ConnectionRefusedError, socket.gaierror, ssl.SSLError)


def webhook_name(address: TypedAddress) -> str:
    """Returns what messages call an address, whose path is mostly a secret of its own: "https://host/***"."""
    text = str(address)
    found = re.match(r"([a-z]+://)(?:[^/]*@)?([^/?#@]*)", text, re.IGNORECASE)
    return f"{found[1]}{found[2]}/***" if found else "the webhook"


def check_webhook(address: TypedAddress) -> None:
    """Refuses what is no http or https address.

    Raises:
        UsageError: It is none.
    """
    try:
        scheme = urlsplit(usable_address(address.reveal())).scheme
    except ValueError as error:
        raise UsageError(f"--webhook {webhook_name(address)} is no address: {error}") from None
    if scheme not in ("http", "https"):
        raise UsageError(f"--webhook {webhook_name(address)}: expected an address that begins with http or https")


def webhook(address: TypedAddress, limit_s: float, *, insecure: bool) -> Callable[[Parcel], None]:
    """Returns what posts a change.

    Args:
        address: A user and password in it are sent as basic authentication.
        limit_s: How long the server may be silent.
        insecure: Take any certificate.
    """
    opener, request = http_opener(insecure=insecure, redirected=False), _requests(address)

    def post(parcel: Parcel) -> None:
        try:
            with opener.open(request(json.dumps(parcel.fields(), allow_nan=False).encode()), timeout=limit_s):
                return
        except (OSError, ValueError, HTTPException) as error:
            if hasattr(error, "close"):
                error.close()
            raise _said(error, limit_s) from None

    return post


def _said(error: Exception, limit_s: float) -> NotNowError | NeverError:
    """Says what went wrong in words that hold nothing of the address."""
    code = getattr(error, "code", None)
    if code is not None:
        reason = f"the server answers {code} {responses.get(code, '')}".rstrip()
        if code < 500 and code not in _TRIED_AGAIN:
            return NeverError(reason)
        return NotNowError(reason, may_have_arrived=code >= 500)
    cause = getattr(error, "reason", None)
    cause = cause if isinstance(cause, OSError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason = f"its certificate is not trusted ({cause.verify_message.rstrip('.')})"
    elif isinstance(cause, TimeoutError):
        reason = f"no answer within {limit_s:g} seconds"
    else:
        reason = getattr(cause, "strerror", None) or "the connection ended without an answer"
    return NotNowError(reason, may_have_arrived=not isinstance(cause, _NOT_SENT))


def _requests(address: TypedAddress) -> Callable[[bytes], Any]:
    from urllib.request import Request

    parts = urlsplit(usable_address(address.reveal()))
    target = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path or "/", parts.query, ""))
    headers = {"Content-Type": "application/json", "User-Agent": "cnnkit"}
    login = basic_login(parts)
    if login is not None:
        headers["Authorization"] = login
    return lambda data: Request(target, data, headers, method="POST")
