from __future__ import annotations

import errno
import socket

import pytest

from cnnkit.sources.moving.reasons import of_status, unreachable, why_not


class HTTPUnauthorizedError(OSError):
    """As PyAV calls it."""


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (HTTPUnauthorizedError(), "refuses the user name or password"),
        (ConnectionRefusedError(), "the connection is refused"),
        (OSError(errno.ETIMEDOUT, "secret"), "gives no answer within 4 seconds"),
        (ValueError("rtsp://user:secret@host"), "answers, but with no video stream that can be read"),
    ],
)
def test_errors_of_the_reader_have_words_of_their_own(error, reason, monkeypatch):
    monkeypatch.setattr("cnnkit.sources.moving.reasons.unreachable", lambda address, limit_s: None)
    said = why_not("rtsp://user:secret@host/live", error, 4)
    assert reason in said and "secret" not in said


@pytest.mark.parametrize(
    ("status", "words"), [(401, "password"), (403, "password"), (404, "path"), (503, "the server answers 503")]
)
def test_answers_of_servers(status, words):
    assert words in of_status(status)


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (socket.gaierror(), "no host of that name"),
        (ConnectionRefusedError(), "refused"),
        (TimeoutError(), "no answer within 2 seconds"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "cannot be reached: No route to host"),
    ],
)
def test_what_keeps_a_host_from_being_reached(raised, reason, monkeypatch):
    def fail(*_):
        raise raised

    monkeypatch.setattr(socket, "create_connection", fail)
    assert reason in unreachable("rtsp://user:secret@host/live", 2)


def test_a_host_that_answers_is_no_reason():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.listen()
        assert unreachable(f"rtsp://127.0.0.1:{server.getsockname()[1]}/live", 2) is None
    assert unreachable("udp://@:1234", 2) is None
