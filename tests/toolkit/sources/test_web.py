from __future__ import annotations

import base64
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cnnkit.errors import ImageError
from cnnkit.sources import web
from cnnkit.sources.web import fetch, web_image
from cnnkit.system import TypedAddress

seen: list[tuple[str, str | None]] = []


class Handler(BaseHTTPRequestHandler):
    """Answers as the path says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        seen.append((self.path, self.headers.get("Authorization")))
        kind = self.path.split("?")[0].strip("/").split("/")[0]
        if kind == "moved":
            self._answer(302, b"", Location=self.path.removeprefix("/moved"))
        elif kind == "to-file":
            self._answer(302, b"", Location="file:///etc/passwd")
        elif kind == "short":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"x" * 40)
            self.close_connection = True
        elif kind == "silent":
            time.sleep(1.5)
        else:
            self._answer(200 if kind == "ok" else 404, b"data of " + self.path.encode())

    def _answer(self, code, body, **headers):
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def no_requests():
    seen.clear()


def test_a_download(server):
    assert fetch(TypedAddress(f"http://{server}/ok/a.jpg")) == b"data of /ok/a.jpg"
    assert fetch(TypedAddress(f"HTTP://{server}/moved/ok/a.jpg")) == b"data of /ok/a.jpg"


def test_blanks_and_umlauts_are_quoted_once(server):
    assert (
        fetch(TypedAddress(f"http://{server}/ok/ä b%20c.jpg?q=1 2&r=%2F"))
        == b"data of /ok/%C3%A4%20b%20c.jpg?q=1%202&r=%2F"
    )


def test_an_image_is_downloaded_when_it_is_read_and_once(server):
    image = web_image(f"http://{server}/ok/a.jpg")
    assert not seen
    assert image.content() == image.content() == b"data of /ok/a.jpg"
    assert len(seen) == 1


def test_a_password_is_sent_and_not_shown(server):
    image = web_image(f"http://me:s%20ecret@{server}/gone.jpg")
    assert image.source == f"http://me:***@{server}/gone.jpg"
    with pytest.raises(ImageError) as caught:
        image.decode()
    assert str(caught.value) == f"http://me:***@{server}/gone.jpg: the server answers 404 Not Found"
    assert seen == [("/gone.jpg", "Basic " + base64.b64encode(b"me:s ecret").decode())]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("gone.jpg", "the server answers 404 Not Found"),
        ("short", "the connection ended after 40 bytes, 60 are missing"),
        ("to-file", "the server answers 302 Found - Redirection to url 'file:///etc/passwd' is not allowed"),
        ("silent", "no answer within 0 seconds"),
    ],
)
def test_what_fails_says_why(server, path, reason, monkeypatch):
    monkeypatch.setattr(web, "_SILENCE_S", 0.3)
    with pytest.raises(ImageError) as caught:
        fetch(TypedAddress(f"http://{server}/{path}"))
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://127.0.0.1:1/a.jpg", "cannot be downloaded: Connection refused"),
    ],
)
def test_what_cannot_be_reached(address, reason):
    with pytest.raises(ImageError) as caught:
        fetch(TypedAddress(address))
    assert caught.value.reason == reason


def test_what_is_no_address():
    assert web_image("http://[bad/a.jpg").problem == "is no address: expected scheme://host:port/path"


def test_limits_of_size_and_time(server, monkeypatch):
    with pytest.raises(ImageError, match="not complete after 60 seconds"):
        fetch(TypedAddress(f"http://{server}/ok/a.jpg"), clock=iter([0.0, 61.0]).__next__)
    monkeypatch.setattr(web, "_MAX_BYTES", 5)
    with pytest.raises(ImageError, match="more than the 5 bytes that are downloaded"):
        fetch(TypedAddress(f"http://{server}/ok/a.jpg"))
