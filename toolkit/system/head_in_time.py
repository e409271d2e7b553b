"""http and https whose answers begin in time: a server that sends a byte now and then is not waited for without end."""

from __future__ import annotations

import io
import time
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.request import HTTPHandler, HTTPSHandler


class PunctualHandler(HTTPHandler):
    """Opens http addresses; the head of an answer comes within the time limit as a whole."""

    def http_open(self, req: Any) -> Any:
        return self.do_open(_Connection, req)


class PunctualSecureHandler(HTTPSHandler):
    """Opens https addresses; the head of an answer comes within the time limit as a whole."""

    def https_open(self, req: Any) -> Any:
        return self.do_open(_SecureConnection, req, context=self._context)  # type: ignore[attr-defined]


class UntilThen(io.RawIOBase):
    """What comes in from a socket, until the time limit of the socket is over.

    Args:
        raw: Of the socket, unbuffered.
        sock: Has a time limit, or none.
    """

    def __init__(self, raw: Any, sock: Any) -> None:
        self._raw, self._socket, self._limit_s = raw, sock, sock.gettimeout()
        self._end_s = None if self._limit_s is None else time.monotonic() + self._limit_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._end_s is not None:
            left_s = self._end_s - time.monotonic()
            if left_s <= 0:
                raise TimeoutError("timed out")
            self._socket.settimeout(left_s)
        count: int | None = self._raw.readinto(buffer)
        return count

    def wait_as_before(self) -> None:
        """From here on the limit is that of a single silence again."""
        if self._end_s is not None:
            self._end_s = None
            self._socket.settimeout(self._limit_s)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: Any, *arguments: Any, **settings: Any) -> None:
        super().__init__(sock, *arguments, **settings)
        self._until = UntilThen(self.fp.detach(), sock)
        self.fp: Any = io.BufferedReader(self._until)

    def begin(self) -> None:
        super().begin()
        self._until.wait_as_before()


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response
