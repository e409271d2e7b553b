"""RTSP servers that send elsewhere: FFmpeg would follow, and tell the user and password there."""

from __future__ import annotations

import io
import socket
from dataclasses import dataclass, replace
from http.client import HTTPException, HTTPMessage, parse_headers
from typing import IO
from urllib.parse import SplitResult, urlsplit

from cnnkit.errors import SourceError
from cnnkit.sources.address import Address
from cnnkit.sources.moving.shots import TimeLimits
from cnnkit.system import basic_login, digest_login, log, shown_address, tls_context

_PORTS = {"rtsp": 554, "rtsps": 322}
_LONGEST = 2**16  # bytes of a line, and of what follows a refusal


def where_it_leads(address: Address, limits: TimeLimits) -> Address:
    """Asks an RTSP server for its stream as FFmpeg is going to, and follows where it sends, without the login.

    Only addresses with a login are asked: others have nothing that another host must not know. A server that gives no
    answer is left to whoever opens it, who says why.

    Args:
        address: What is to be opened; its certificate was checked.
        limits: How long it may take.

    Returns:
        The address itself, or the one that it sends to, without the user and password of the first.

    Raises:
        SourceError: It sends to no RTSP server, or from an encrypted one to one that is not.
    """
    parts = urlsplit(str(address.target)) if address.kind == "stream" else urlsplit("")
    if parts.scheme not in _PORTS or parts.username is None:
        return address
    try:
        led = urlsplit(_location(parts, limits.open_s, insecure=address.insecure))
        server = _server(led)
    except (OSError, ValueError, HTTPException) as error:
        log.debug("%s is not asked whether it sends elsewhere (%s)", address, type(error).__name__)
        return address
    if not led.scheme or server == _server(parts):
        return address
    shown = shown_address(led.geturl())
    if led.scheme not in _PORTS or not led.hostname or (parts.scheme, led.scheme) == ("rtsps", "rtsp"):
        raise SourceError(f"{address} sends to {shown}, where it is not followed: give that as --source if it is right")
    log.warning("%s sends to %s, which is opened without the user and password", address, shown)
    return replace(address, target=led.geturl())


@dataclass(frozen=True)
class _Question:
    """A request of RTSP, with what a digest login is made of."""

    full_url: str  # without the login
    data: None = None

    @property
    def selector(self) -> str:
        return self.full_url

    def get_method(self) -> str:
        return "DESCRIBE"

    def text(self, number: int, login: str | None) -> bytes:
        lines = [f"{self.get_method()} {self.full_url} RTSP/1.0", f"CSeq: {number}", "User-Agent: cnnkit"]
        lines += ["Accept: application/sdp", *([f"Authorization: {login}"] if login else [])]
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def _location(parts: SplitResult, limit_s: float, *, insecure: bool) -> str:
    """Returns where a server sends for a stream; empty where it gives the stream, or refuses it."""
    from cnnkit.system import UntilThen

    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    question = _Question(_without_login(parts))
    with socket.create_connection((host, port), limit_s) as plain:
        context = tls_context(insecure=insecure) if parts.scheme == "rtsps" else None
        connection = plain if context is None else context.wrap_socket(plain, server_hostname=host)
        with connection, io.BufferedReader(UntilThen(connection.makefile("rb", buffering=0), connection)) as answers:
            connection.sendall(question.text(1, None))
            status, headers = _answer(answers)
            if status == 401:
                challenges = headers.get_all("WWW-Authenticate", [])
                login = digest_login(parts, challenges, question)
                if login is None and any(text.lower().startswith("basic") for text in challenges):
                    login = basic_login(parts)  # to no server that asks for a login of which nobody can read it
                if login is not None:
                    connection.sendall(question.text(2, login))
                    status, headers = _answer(answers)
    return headers.get("Location", "") if 300 <= status < 400 else ""


def _answer(answers: IO[bytes]) -> tuple[int, HTTPMessage]:
    """Reads an answer with all that belongs to it.

    Raises:
        ValueError: It is none of RTSP.
        HTTPException: Its headers are too long, or too many.
    """
    words = answers.readline(_LONGEST).split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"RTSP/"):
        raise ValueError("no answer of RTSP")
    headers = parse_headers(answers)
    answers.read(min(int(headers.get("Content-Length", 0)), _LONGEST))
    return int(words[1]), headers


def _without_login(parts: SplitResult) -> str:
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _server(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
