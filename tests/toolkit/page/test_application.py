"""What the page's server answers, and how it begins and ends."""

from __future__ import annotations

import json
import re
import socket
import time
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("starlette", reason="the extra 'page' is not installed")
pytest.importorskip("uvicorn", reason="the extra 'page' is not installed")

from page_client import fetch, opened_page, picture, port_of, state

import cnnkit.page
import cnnkit.system.extras
from cnnkit.classifier import Candidate
from cnnkit.errors import ImageError, MissingExtraError, OutputError
from cnnkit.page import LivePage

FILES = Path(cnnkit.page.__file__).parent
STATIC = [
    ("/", "text/html"),
    ("/page.css", "text/css"),
    ("/page.js", "text/javascript"),
    ("/view.js", "text/javascript"),
    ("/connection.js", "text/javascript"),
    ("/icon.svg", "image/svg+xml"),
]


@pytest.fixture(scope="module")
def page():
    with opened_page() as opened:
        opened.publish(picture(), state())
        yield opened


@pytest.mark.parametrize(
    ("path", "media_type"), [*STATIC, ("/state.json", "application/json"), ("/frame.jpg", "image/jpeg")]
)
def test_routes(page, path, media_type):
    answer = fetch(page, path)
    assert answer.status == 200 and answer.body
    assert answer.headers["content-type"].split(";")[0] == media_type


@pytest.mark.parametrize(
    ("path", "method", "host", "status"),
    [
        pytest.param("/", "GET", "localhost", 200, id="page"),
        pytest.param("/state.json", "GET", "localhost", 200, id="state"),
        pytest.param("/nothing", "GET", "localhost", 404, id="unknown"),
        pytest.param("/../server.py", "GET", "localhost", 404, id="outside"),
        pytest.param("/", "POST", "localhost", 405, id="post"),
        pytest.param("/", "HEAD", "localhost", 405, id="head"),
        pytest.param("/nothing", "DELETE", "localhost", 405, id="delete"),
        pytest.param("/", "GET", "example.org", 421, id="foreign host"),
    ],
)
def test_status_and_protecting_headers_of_every_answer(page, path, method, host, status):
    answer = fetch(page, path, method, Host=host)
    assert answer.status == status
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers


@pytest.mark.parametrize(
    ("size", "expected"),
    [((48, 64), (48, 64)), ((1000, 2000), (640, 1280)), ((2560, 100), (1280, 50)), ((1, 4000), (1, 1280))],
    ids=str,
)
def test_the_newest_picture_as_jpeg_no_larger_than_1280_pixels(size, expected):
    with opened_page() as page:
        page.publish(picture(*size, colour=(1, 2, 3)), state())
        page.publish(picture(*size, colour=(200, 100, 20)), state())
        page.publish(None, state(signal="lost"))
        decoded = cv2.imdecode(np.frombuffer(fetch(page, "/frame.jpg").body, np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape == (*expected, 3)
    assert np.abs(decoded.mean(axis=(0, 1)) - (200, 100, 20)).max() < 4


def test_a_page_without_a_picture_says_so(monkeypatch):
    monkeypatch.setattr("cnnkit.page.application._PATIENCE_S", 0.1)
    with opened_page() as page:
        assert fetch(page, "/frame.jpg").status == 503
        found = json.loads(fetch(page, "/state.json").body)
    assert found["signal"] == "waiting" and found["label"] is None and found["since_ms"] is None


def test_the_state_as_json():
    with opened_page() as page:
        page.publish(None, state())
        found = json.loads(fetch(page, "/state.json").body)
    assert 0 <= found.pop("since_ms") < 5000 and 0 <= found.pop("signal_s") < 5
    assert found == {
        "source": "camera 0",
        "signal": "live",
        "label": "cat",
        "confidence": 0.9,
        "top": [{"label": "cat", "probability": 0.9}, {"label": "dog", "probability": 0.1}],
        "inference_hz": 24.9,
        "capture_hz": 30.0,
        "age_ms": 38.0,
        "frame": 7,
    }


@pytest.mark.parametrize("label", ["<script>alert(1)</script>", "a\nb\r\n\r\ndata: c", "猫 \u2028", "\ud800", "\0"])
def test_any_label_travels_as_one_line_of_ascii(label):
    with opened_page() as page:
        page.publish(None, state(label))
        body = fetch(page, "/state.json").body
    assert body.isascii() and b"\n" not in body
    assert json.loads(body)["label"] == label


def test_numbers_that_json_does_not_have_become_null():
    with opened_page() as page:
        page.publish(None, state(age_ms=float("inf"), top=(Candidate("cat", float("nan")),), confidence=float("nan")))
        found = json.loads(fetch(page, "/state.json").body, parse_constant=pytest.fail)
    assert found["age_ms"] is found["confidence"] is found["top"][0]["probability"] is None


def test_the_time_of_a_signal_begins_when_it_changes():
    with opened_page() as page:
        page.publish(None, state())
        time.sleep(0.3)
        page.publish(None, state())
        lived = json.loads(fetch(page, "/state.json").body)["signal_s"]
        page.publish(None, state(signal="lost"))
        lost = json.loads(fetch(page, "/state.json").body)["signal_s"]
    assert lived >= 0.3 > lost


def test_a_taken_port_is_one_line():
    with opened_page() as page, pytest.raises(OutputError, match=r"^the page cannot .*port is taken.*--page$"):
        LivePage(port_of(page))


def test_an_address_of_another_machine_is_one_line():
    with pytest.raises(OutputError, match=r"no address of this machine$"):
        LivePage(0, host="192.0.2.1", token="x" * 16)


def test_a_closed_page_frees_its_port_and_takes_no_notice_of_more():
    with opened_page() as page:
        port = port_of(page)
    page.publish(picture(), state())
    page.close()
    with opened_page(port) as second:
        assert second.address == f"http://127.0.0.1:{port}/"
        assert fetch(second).status == 200


def test_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with opened_page(host="::1") as page:
        assert page.address == f"http://[::1]:{port_of(page)}/"
        with closing(socket.create_connection(("::1", port_of(page)), 10)) as connection:
            connection.sendall(f"GET / HTTP/1.0\r\nHost: [::1]:{port_of(page)}\r\n\r\n".encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("module", ["starlette", "uvicorn"])
def test_a_missing_extra_is_named(monkeypatch, module):
    monkeypatch.setattr(cnnkit.system.extras, "find_spec", lambda name: None if name == module else object())
    with pytest.raises(MissingExtraError, match=rf"--page needs {module}.*cnnkit\[page\]"):
        LivePage(0)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
    ids=lambda pixels: f"{pixels.shape} {pixels.dtype}",
)
def test_pixels_that_are_no_picture_are_refused(page, pixels):
    with pytest.raises(ImageError, match=r"\(H, W, 3\) uint8 wanted"):
        page.publish(pixels, state())


def test_the_server_says_nothing_on_the_terminal(capfd):
    with opened_page() as page:
        fetch(page)
        fetch(page, "/nothing")
        with closing(socket.create_connection(("127.0.0.1", port_of(page)), 10)) as connection:
            connection.sendall(b"no HTTP at all\r\n\r\n")
            connection.recv(1000)
    assert capfd.readouterr() == ("", "")


def test_the_page_loads_nothing_from_elsewhere_and_sets_labels_as_text():
    markup = (FILES / "page.html").read_text()
    scripts = "".join(path.read_text() for path in FILES.glob("*.js"))
    assert not re.search(r"(src|href)=.?(https?:)?//|url\(|@import", markup + (FILES / "page.css").read_text())
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", markup)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|https?://", scripts)


def test_every_file_of_the_page_has_a_route():
    served = {"page.html" if path == "/" else path[1:] for path, _ in STATIC} | {"wall.html", "wall.css", "wall.js"}
    assert served == {path.name for path in FILES.iterdir() if path.suffix in {".html", ".css", ".js", ".svg"}}


def files_fetched(page, place):
    """What a browser fetches for a page: all that it names, and the modules that scripts import."""
    fetched, wanted = set(), [""]
    while wanted:
        name = wanted.pop()
        answer = fetch(page, place + name)
        assert answer.status == 200, name
        fetched.add(name)
        text = answer.body.decode()
        named = re.findall(r'(?:href|src)="([a-z]+\.(?:css|js|svg))"|from "\./([a-z]+\.js)"', text)
        wanted += {one or other for one, other in named} - fetched
    return fetched


def test_several_cameras_have_a_page_each_and_one_for_all():
    with opened_page(cameras=2) as page:
        page.publish(picture(colour=(250, 0, 0)), state("cat", frame=5))
        page.publish(picture(colour=(0, 0, 250)), state("dog", frame=6), 1)
        assert b'id="wall"' in fetch(page, "/").body
        assert files_fetched(page, "/") >= {"wall.css", "wall.js", "connection.js", "view.js", "page.css", "icon.svg"}
        for number, (label, colour) in enumerate((("cat", 0), ("dog", 2)), 1):
            assert b'id="picture"' in fetch(page, f"/{number}/").body
            assert files_fetched(page, f"/{number}/") >= {"page.js", "connection.js", "view.js", "page.css"}
            assert json.loads(fetch(page, f"/{number}/state.json").body)["label"] == label
            image = cv2.imdecode(np.frombuffer(fetch(page, f"/{number}/frame.jpg").body, np.uint8), 1)
            assert image[0, 0].argmax() == colour
        assert fetch(page, "/3/").status == fetch(page, "/state.json").status == 404
