"""Five hundred connections that drip their requests keep nobody out."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("starlette")

from page_client import fetch, opened_page, picture, port_of, publishing

from cnnkit.page import places as module
from cnnkit.page.places import MOST, MOST_IDLE, MOST_OF_ONE, Places


@dataclass(eq=False)
class Visitor:
    """A connection that notes whether it was ended."""

    address: str = "a"
    is_busy: bool = False
    dropped: bool = field(default=False)

    def drop(self) -> None:
        self.dropped = True


def kept(places: Places, visitors: list[Visitor], now_s: float) -> list[int]:
    """Which of them have to go at a sweep."""
    for visitor in visitors:
        places.enter(visitor, 0.0)
    places.sweep(now_s)
    assert [visitor for visitor in visitors if not visitor.dropped] == list(places.clients)
    return [index for index, visitor in enumerate(visitors) if visitor.dropped]


def idle(number: int, addresses: int = 1) -> list[Visitor]:
    return [Visitor(str(index % addresses)) for index in range(number)]


def busy(number: int, addresses: int = 1) -> list[Visitor]:
    return [Visitor(str(index % addresses), is_busy=True) for index in range(number)]


@pytest.mark.parametrize(
    ("visitors", "now_s", "gone"),
    [
        pytest.param(idle(MOST_OF_ONE), 2.0, [], id="as many as may be"),
        pytest.param(idle(MOST_OF_ONE + 2), 0.5, [], id="young ones"),
        pytest.param(idle(MOST_OF_ONE + 2), 2.0, [0, 1], id="the idle ones that came first go"),
        pytest.param(idle(MOST_IDLE + 3, 99), 2.0, [0, 1, 2], id="idle ones of many addresses"),
        pytest.param(busy(1) + idle(MOST_OF_ONE), 2.0, [1], id="who is answered stays"),
        pytest.param(busy(MOST_OF_ONE + 1), 2.0, [MOST_OF_ONE], id="one too many that is answered"),
        pytest.param(busy(99, 99), 99.0, [], id="busy ones of many addresses"),
        pytest.param(busy(1) + idle(2), 10.0, [1, 2], id="time is up"),
    ],
)
def test_who_has_to_go(visitors, now_s, gone):
    assert kept(Places(), visitors, now_s) == gone


def test_there_is_a_limit_at_once():
    places, visitors = Places(), idle(MOST + 5, 99)
    for visitor in visitors:
        places.enter(visitor, 0.0)
    assert len(places.clients) == MOST and sum(visitor.dropped for visitor in visitors) == 5


def test_who_has_gone_is_forgotten():
    places, visitor = Places(), Visitor()
    places.enter(visitor, 0.0)
    places.leave(visitor)
    places.leave(visitor)
    assert not places.clients and not visitor.dropped


class Drippers:
    """Connections that send a header byte by byte, and come again when they are thrown out."""

    def __init__(self, page, number: int) -> None:
        self._port, self._stop = port_of(page), threading.Event()
        self.thrown_out = 0
        self._threads = [threading.Thread(target=self._drip, daemon=True) for _ in range(8)]
        self._each = number // 8
        for thread in self._threads:
            thread.start()

    def _drip(self) -> None:
        sockets = [self._open() for _ in range(self._each)]
        while not self._stop.wait(0.05):
            for index, one in enumerate(sockets):
                try:
                    one.send(b"a")
                except OSError:
                    self.thrown_out += 1
                    one.close()
                    sockets[index] = self._open()
        for one in sockets:
            one.close()

    def _open(self) -> socket.socket:
        one = socket.create_connection(("127.0.0.1", self._port), timeout=10)
        one.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        return one

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


@pytest.mark.parametrize("number", [64, pytest.param(500, marks=pytest.mark.slow)])
def test_drippers_keep_nobody_out(number):
    with opened_page() as page, publishing(page, 20.0, picture()), closing(Drippers(page, number)) as drippers:
        time.sleep(1.5)
        answers = []
        asked = 300 if number == 500 else 20
        for _ in range(asked):
            start = time.monotonic()
            answers.append((fetch(page, "/state.json").status, fetch(page, "/frame.jpg").status))
            assert time.monotonic() - start < 5
        assert answers == [(200, 200)] * asked
        assert drippers.thrown_out > 0


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", id="header"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\n", id="body"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_request_has_its_time(monkeypatch, sent):
    monkeypatch.setattr(module, "REQUEST_S", 0.4)
    with opened_page() as page, closing(socket.create_connection(("127.0.0.1", port_of(page)), 10)) as one:
        one.sendall(sent)
        start = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - start < 8:
                one.send(b"a")
                time.sleep(0.05)
        assert 0.2 < time.monotonic() - start < 5
