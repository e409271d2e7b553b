from __future__ import annotations

import itertools
import socketserver
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from cnnkit.system import http_opener

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n"


class _Dripper(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(2000)
        quick, slow = self.server.said
        with suppress(OSError):  # nobody listens any more
            self.request.sendall(quick)
            for byte in slow:
                time.sleep(0.1)
                self.request.sendall(bytes([byte]))


@contextmanager
def saying(quick, slow):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Dripper) as server:
        server.daemon_threads, server.said = True, (quick, slow)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("quick", "slow"),
    [
        pytest.param(b"", HEAD, id="the status"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X-A: " + b"a" * 100, id="a header"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", HEAD, id="behind another answer"),
    ],
)
def test_a_head_that_drips_is_not_waited_for(quick, slow):
    with saying(quick, slow) as address:
        begin = time.monotonic()
        with pytest.raises(TimeoutError):
            http_opener(insecure=False, redirected=False).open(address, timeout=0.4)
        assert time.monotonic() - begin < 1.5


@pytest.mark.parametrize("timeout", [0.5, None])
def test_a_body_may_take_longer(timeout):
    with saying(HEAD, b"pictures") as address:
        answer = http_opener(insecure=False, redirected=False).open(address, timeout=timeout)
        parts = list(itertools.takewhile(bool, iter(lambda: answer.read1(100), None)))
        assert b"".join(parts) == b"pictures" and len(parts) > 1
        answer.close()


def test_a_silence_within_a_body_has_the_limit():
    with saying(HEAD + b"pic", b"tures") as address:
        answer = http_opener(insecure=False, redirected=False).open(address, timeout=0.05)
        with pytest.raises(TimeoutError), answer:
            answer.read()
