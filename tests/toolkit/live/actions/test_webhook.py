from __future__ import annotations

import base64
import json
from http.server import BaseHTTPRequestHandler

import pytest
from tls_server import OPENSSL, self_signed, serving

from cnnkit.errors import UsageError
from cnnkit.live.actions.delivery import NeverError, NotNowError, Parcel
from cnnkit.live.actions.webhook import check_webhook, webhook, webhook_name
from cnnkit.system import TypedAddress

PARCEL = Parcel({"label": "Katze ü", "confidence": 0.9}, "id1")


class Hook(BaseHTTPRequestHandler):
    """Answers with the status at the end of the path, and keeps what it was sent."""

    seen: list = []  # noqa: RUF012 - of the class on purpose

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, self.headers.get("Authorization"), self.headers["Content-Type"], json.loads(body)))
        status = int(self.path.rpartition("/")[2].partition("?")[0])
        if status == 0:
            return  # hangs up without an answer
        self.send_response(status, "what the server says of T0KEN")
        self.send_header("Content-Length", "0")
        self.send_header("Location", "/200")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def port():
    Hook.seen.clear()
    with serving(Hook, None) as port:
        yield port


def post(address, limit_s=5.0, *, insecure=False):
    webhook(TypedAddress(address), limit_s, insecure=insecure)(PARCEL)


def test_a_change_is_posted(port):
    post(f"http://me:s%20e/cret@127.0.0.1:{port}/hooks/T0KEN/204?x=1")
    login = "Basic " + base64.b64encode(b"me:s e/cret").decode()
    body = {**PARCEL.row, "id": "id1", "repeated": False}
    assert Hook.seen == [("/hooks/T0KEN/204?x=1", login, "application/json", body)]


@pytest.mark.parametrize(
    ("status", "kind", "may_have_arrived"),
    [
        (500, NotNowError, True),
        (503, NotNowError, True),
        (429, NotNowError, False),
        (408, NotNowError, False),
        (0, NotNowError, True),
        (400, NeverError, None),
        (404, NeverError, None),
        (302, NeverError, None),
    ],
)
def test_what_the_server_answers(port, status, kind, may_have_arrived):
    with pytest.raises(kind) as caught:
        post(f"http://127.0.0.1:{port}/T0KEN/{status}")
    assert getattr(caught.value, "may_have_arrived", None) == may_have_arrived
    assert "T0KEN" not in str(caught.value) and (status == 0 or str(status) in str(caught.value))


def test_nobody_there():
    with pytest.raises(NotNowError, match=r"^Connection refused$") as caught:
        post("http://127.0.0.1:1/")
    assert not caught.value.may_have_arrived


@pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificate")
def test_certificates(tmp_path):
    with serving(Hook, self_signed(tmp_path)) as port:
        with pytest.raises(NotNowError, match="its certificate is not trusted") as caught:
            post(f"https://localhost:{port}/200")
        assert not caught.value.may_have_arrived
        post(f"https://localhost:{port}/200", insecure=True)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("https://host/T0KEN", "https://host/***"),
        ("https://me:T0KEN@host:8443/a?b=T0KEN", "https://host:8443/***"),
        ("https://me:T0#KEN@host/a", "https://host/***"),
        ("https://host?T0KEN", "https://host/***"),
        ("T0KEN", "the webhook"),
        ("me:T0KEN@host", "the webhook"),
    ],
)
def test_what_it_is_called(typed, name):
    assert webhook_name(TypedAddress(typed)) == name


@pytest.mark.parametrize("typed", ["T0KEN", "ftp://host/T0KEN", "https:///T0KEN", "https://me:T0KEN@/"])
def test_what_is_no_webhook(typed):
    with pytest.raises(UsageError, match="--webhook") as caught:
        check_webhook(TypedAddress(typed))
    assert "T0KEN" not in str(caught.value)
