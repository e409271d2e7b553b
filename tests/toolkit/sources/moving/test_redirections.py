"""RTSP servers that send elsewhere, and what they and the others get to know."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from contextlib import contextmanager, suppress

import pytest
from rtsp_server import Camera

from cnnkit.errors import SourceError
from cnnkit.sources import TimeLimits
from cnnkit.sources.address import parse_address
from cnnkit.sources.moving import open_stream
from cnnkit.sources.moving.redirections import where_it_leads

LIMITS = TimeLimits(open_s=3, read_s=2)
BASIC = 'WWW-Authenticate: Basic realm="camera"\r\n'
DIGEST = 'WWW-Authenticate: Digest realm="camera", nonce="7a", algorithm=MD5\r\n'


class Server(Camera):
    """Answers a question for the stream with what it is given, once a login is there that it may ask for."""

    def __init__(self, status="200 OK", extra="", asks=""):
        super().__init__()
        self.status, self.extra, self.asks, self.heard = status, extra, asks, []

    def answer(self, method, wanted, headers):
        self.heard.append((method, headers.get("authorization", "")))
        if method != "DESCRIBE" or self.status.startswith("200"):
            return super().answer(method, wanted, headers)
        if self.asks and "authorization" not in headers:
            return "401 Unauthorized", self.asks, "not yet"
        return self.status, self.extra, ""

    def address_with(self, login):
        return self.address.replace("//", f"//{login}")


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.closed = True
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("asks", ["", BASIC, DIGEST], ids=["nothing", "basic", "digest"])
def test_the_password_is_told_to_no_other_server(asks, caplog):
    pytest.importorskip("av")
    with serving(Server()) as second, serving(Server("302 Found", f"Location: {second.address}\r\n", asks)) as first:
        address = parse_address(first.address_with("user:secret@"))
        opened = open_stream(address, LIMITS)
        opened.capture.release()
    assert second.heard and all(login == "" for _, login in second.heard)
    assert f"{address} sends to {second.address}, which is opened without the user and password" in caplog.messages
    assert "secret" not in caplog.text
    kinds = [login.split()[0] for method, login in first.heard if method == "DESCRIBE" and login]
    assert kinds == {"": [], BASIC: ["Basic"], DIGEST: ["Digest"]}[asks]


@pytest.mark.parametrize(
    "location", ["", "/other", "rtsp://{server}/other", "rtsp://user:secret@{server}/other"], ids=str
)
def test_the_same_server_is_asked_as_it_was(location):
    with serving(Server()) as server:
        server.status, server.extra = "301 Moved", f"Location: {location}\r\n" if location else ""
        server.extra = server.extra.format(server=server.address.split("/")[2])
        address = parse_address(server.address_with("user:secret@"))
        assert where_it_leads(address, LIMITS) is address


@pytest.mark.parametrize("location", ["http://127.0.0.1/x", "file:///etc/passwd", "rtsp:///x"])
def test_a_server_of_another_kind_is_not_gone_to(location):
    with serving(Server("302 Found", f"Location: {location}\r\n")) as server, pytest.raises(SourceError) as caught:
        where_it_leads(parse_address(server.address_with("user:secret@")), LIMITS)
    shown = server.address_with("user:***@")
    assert str(caught.value).startswith(f"{shown} sends to {location}, where it is not followed: give that as --source")


def test_a_login_that_nobody_can_answer_is_not_told_plainly():
    asks = 'WWW-Authenticate: Digest realm="camera", nonce="7a", algorithm=SHA-512-256\r\n'
    with serving(Server("302 Found", "Location: rtsp://example.com/x\r\n", asks)) as server:
        address = parse_address(server.address_with("user:secret@"))
        assert where_it_leads(address, LIMITS) is address
    assert server.heard == [("DESCRIBE", "")]


def test_without_a_login_nothing_is_asked():
    with serving(Server("302 Found", "Location: rtsp://example.com/x\r\n")) as server:
        address = parse_address(server.address)
        assert where_it_leads(address, LIMITS) is address
    assert not server.heard


class _Odd(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(1000)
        self.request.sendall(self.server.said)


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 302 Found\r\nLocation: rtsp://x/\r\n\r\n", b"RTSP/1.0 many\r\n\r\n", b"RTSP/1.0 401 No\r\n\r\n"],
)
def test_what_answers_otherwise_is_left_to_who_opens_it(said):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Odd) as server:
        server.said = said
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        address = parse_address(f"rtsp://user:secret@127.0.0.1:{server.server_address[1]}/live")
        assert where_it_leads(address, LIMITS) is address
        server.shutdown()
        thread.join()


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_asked():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = parse_address(f"rtsp://user:secret@127.0.0.1:{silent.getsockname()[1]}/live")
        assert where_it_leads(address, TimeLimits(open_s=0.3)) is address


def test_an_answer_that_drips_is_waited_for_no_longer_either():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            connection, _ = server.accept()
            with connection, suppress(OSError):  # nobody listens any more
                for byte in b"RTSP/1.0 200 OK\r\nX-A: " + b"a" * 200:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.05)

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        address = parse_address(f"rtsp://user:secret@127.0.0.1:{server.getsockname()[1]}/live")
        begin = time.monotonic()
        assert where_it_leads(address, TimeLimits(open_s=0.4)) is address
        assert time.monotonic() - begin < 2
        thread.join(5)
