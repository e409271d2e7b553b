"""Opens a live page and talks to it as a browser would."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from cnnkit.classifier import Candidate
from cnnkit.page import LivePage, PageState


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes = field(repr=False)


def state(label: str | None = "cat", signal: str = "live", **changes: Any) -> PageState:
    top = () if label is None else (Candidate(label, 0.9), Candidate("dog", 0.1))
    fields = {"inference_hz": 24.9, "capture_hz": 30.0, "age_ms": 38.0, "frame": 7, "confidence": 0.9, "top": top}
    return PageState(source="camera 0", signal=signal, label=label, **(fields | changes))


def picture(height: int = 48, width: int = 64, colour: tuple[int, int, int] = (200, 100, 20)) -> NDArray[np.uint8]:
    return np.full((height, width, 3), colour, np.uint8)


@contextmanager
def opened_page(port: int = 0, **options: Any) -> Iterator[LivePage]:
    with closing(LivePage(port, **options)) as page:
        yield page


def port_of(page: LivePage) -> int:
    port = urlsplit(page.address).port
    assert port is not None
    return port


def fetch(page: LivePage, path: str = "/", method: str = "GET", **headers: str) -> Answer:
    """Sends one request to the loopback address; `Host` and others as keywords, '_' standing for '-'."""
    with closing(HTTPConnection("127.0.0.1", port_of(page), timeout=10)) as connection:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


@contextmanager
def publishing(page: LivePage, rate_hz: float, pixels: NDArray[np.uint8]) -> Iterator[None]:
    """Publishes the same picture again and again, as states of new frames."""
    with repeating(lambda frame: page.publish(pixels.copy(), state(frame=frame)), rate_hz):
        yield


@contextmanager
def repeating(publish: Callable[[int], object], rate_hz: float) -> Iterator[None]:
    """Publishes frame after frame from another thread, as a program does that has its own work to do."""
    stop = threading.Event()

    def run() -> None:
        frame = 0
        while not stop.wait(1 / rate_hz):
            publish(frame)
            frame += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class StreamClient:
    """A client of an endless response that reads when it is told to."""

    def __init__(self, page: LivePage, path: str, receive_buffer: int | None = None) -> None:
        self._socket = socket.socket()
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(10)
        self._socket.connect(("127.0.0.1", port_of(page)))
        # HTTP/1.0 has no chunks: what comes is what the stream holds.
        self._socket.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        self.received = b""

    def read_until(self, pattern: bytes, times: int = 1) -> list[re.Match[bytes]]:
        """Reads until a regular expression was found a number of times."""
        while len(found := list(re.finditer(pattern, self.received, re.DOTALL))) < times:
            self._read()
        return found

    def read_for(self, seconds: float) -> bytes:
        """Returns what comes in a while."""
        before, deadline = len(self.received), time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                self._read()
            except TimeoutError:
                break
        self._socket.settimeout(10)
        return self.received[before:]

    def read_to_end(self) -> None:
        while data := self._socket.recv(1 << 16):
            self.received += data

    @property
    def status(self) -> int:
        return int(self.read_until(rb"^HTTP/1\.[01] (\d+)")[0][1])

    def close(self) -> None:
        self._socket.close()

    def _read(self) -> None:
        data = self._socket.recv(1 << 16)
        if not data:
            raise EOFError("the server has ended the response")
        self.received += data


@contextmanager
def client(page: LivePage, path: str, receive_buffer: int | None = None) -> Iterator[StreamClient]:
    with closing(StreamClient(page, path, receive_buffer)) as opened:
        yield opened


def wait_until(ready: Callable[[], bool], timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not ready():
        assert time.monotonic() < deadline, f"not within {timeout_s} s"
        time.sleep(0.01)
