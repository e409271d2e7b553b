"""Who may see the page: the right host name, a GET of the page's own, and the token where there is one."""

from __future__ import annotations

import hashlib
import hmac
import re
import socket
from collections.abc import Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cnnkit.page.address import LOOPBACK_NAMES, WILDCARDS, is_loopback

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:@/\s]+)(:\d+)?", re.IGNORECASE)


class Guard:
    """An ASGI application in front of another.

    Args:
        app: What the welcome see.
        host: What the server listens on.
        port: Names the cookie: those of one host are shared by all its ports.
        token: Every request needs it; None for none.
        paths: The routes of `app`.
    """

    def __init__(self, app: ASGIApp, *, host: str, port: int, token: str | None, paths: Iterable[str]) -> None:
        self._app = app
        self._host = host.lower()
        self._token = None if token is None else token.encode()
        self._cookie = f"cnnkit_{port}"
        # Not the token itself, which may hold letters that a cookie cannot.
        self._cookie_value = "" if token is None else hashlib.sha256(b"cnnkit page " + token.encode()).hexdigest()
        self._paths = frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from starlette.requests import Request

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *extra]}
            await send(message)

        answer = self._answer(Request(scope)) or self._app
        await answer(scope, receive, send_with_headers)

    def _answer(self, request: Request) -> Response | None:
        """What to say instead of what was asked for; None for the welcome."""
        from starlette.responses import PlainTextResponse

        if not self._known_host(request.headers.get("host", "")):
            return PlainTextResponse(
                "this page is not served under that host name: use the address cnnkit shows\n", 421
            )
        if request.method != "GET":
            return PlainTextResponse("this page is for reading: GET alone\n", 405, {"Allow": "GET"})
        if _from_elsewhere(request):
            return PlainTextResponse("this page serves no other page: open it itself\n", 403)
        return None if self._token is None else self._ask_for_token(request, self._token)

    def _known_host(self, header: str) -> bool:
        """Whether a Host header names this server, and not a foreign name that was pointed at its address."""
        match = _HOST.fullmatch(header)
        if match is None:
            return False
        name = match[1].strip("[]").lower()
        if name in LOOPBACK_NAMES or name == self._host:
            return True
        if is_loopback(self._host):
            return False
        own = socket.gethostname().lower()
        return name in (own, f"{own}.local") or (self._host in WILDCARDS and _is_ip_address(name))

    def _ask_for_token(self, request: Request, token: bytes) -> Response | None:
        from starlette.responses import PlainTextResponse, RedirectResponse

        given = request.query_params.get("token")
        if given is not None and hmac.compare_digest(given.encode(errors="replace"), token):
            path = request.url.path if request.url.path in self._paths else "/"
            welcome = RedirectResponse(path, 303)
            welcome.set_cookie(self._cookie, self._cookie_value, httponly=True, samesite="strict")
            return welcome
        if given is None and self._carries_token(request, token):
            return None
        refusal = "the token is missing or wrong: open the address with ?token= and the token that cnnkit was given\n"
        return PlainTextResponse(refusal, 401, {"WWW-Authenticate": "Bearer"})

    def _carries_token(self, request: Request, token: bytes) -> bool:
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        bearer = credentials.strip().encode("latin-1") if scheme.lower() == "bearer" else b""
        cookie = request.cookies.get(self._cookie, "").encode(errors="replace")
        by_header = hmac.compare_digest(bearer, token)
        return hmac.compare_digest(cookie, self._cookie_value.encode()) or by_header


def _from_elsewhere(request: Request) -> bool:
    """Whether another site's page asks, which could fill all places; following a link from there is no such thing."""
    site = request.headers.get("sec-fetch-site", "none")
    return site not in ("none", "same-origin") and request.headers.get("sec-fetch-mode") != "navigate"


def _is_ip_address(name: str) -> bool:
    """An address cannot be pointed elsewhere by a name server."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
