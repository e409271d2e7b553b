"""Connections to servers: which certificates are taken, what opens http addresses, and the login that one holds."""

from __future__ import annotations

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

    Args:
        insecure: Take any certificate.
        redirected: Follow redirections, which turn a POST into a GET.
    """
    from urllib import request

    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(context=tls_context(insecure=insecure)),
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
