"""Connections to servers: which certificates are taken, what opens http addresses, and the login that one holds."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote

if TYPE_CHECKING:
    from ssl import SSLContext


def tls_context(*, insecure: bool) -> SSLContext:
    """Returns what checks certificates and the names in them, or takes any where that is insisted on."""
    import ssl

    context = ssl.create_default_context()
    if insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def http_opener(*, insecure: bool, redirected: bool) -> Any:
    """Returns an `urllib.request.OpenerDirector` for http and https alone.

    A time limit is that of each silence, and of the head of an answer as a whole.

    Args:
        insecure: Take any certificate.
        redirected: Follow redirections, which turn a POST into a GET.
    """
    from urllib import request

    from cnnkit.system.head_in_time import PunctualHandler, PunctualSecureHandler

    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        PunctualHandler(),
        PunctualSecureHandler(context=tls_context(insecure=insecure)),
        *([request.HTTPRedirectHandler()] if redirected else []),
        request.HTTPErrorProcessor(),
        request.HTTPDefaultErrorHandler(),
        request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def basic_login(parts: SplitResult) -> str | None:
    """Returns the header `Authorization` for the user and password of an address, as RFC 7617 has it."""
    from base64 import b64encode

    if parts.username is None:
        return None
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {b64encode(login.encode()).decode()}"


def digest_login(parts: SplitResult, challenges: Iterable[str], request: Any) -> str | None:
    """Answers a server's challenge with the user and password of an address, as RFC 7616 has it.

    Args:
        parts: Of the address.
        challenges: The headers `WWW-Authenticate`.
        request: What is asked again: has `full_url`, `selector` (what the request line names), `data` and
            `get_method`, as an `urllib.request.Request`.

    Returns:
        The header `Authorization`; None where no login is known, or none that Python can answer is asked for.
    """
    from urllib.request import HTTPDigestAuthHandler, HTTPPasswordMgrWithDefaultRealm, parse_http_list, parse_keqv_list

    if parts.username is None:
        return None
    known = HTTPPasswordMgrWithDefaultRealm()
    known.add_password(None, request.full_url, unquote(parts.username), unquote(parts.password or ""))
    handler = HTTPDigestAuthHandler(known)
    for challenge in challenges:
        kind, _, told = challenge.partition(" ")
        with suppress(ValueError):  # an algorithm that Python does not know
            asked = parse_keqv_list(parse_http_list(told)) if kind.lower() == "digest" else {}
            answer = handler.get_authorization(request, asked)
            if answer:
                return f"Digest {answer}"
    return None
