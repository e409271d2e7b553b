from __future__ import annotations

import socket
import sys
import threading
import time

import pytest

from cnnkit.live.watchdog import Watchdog, notifier


def test_a_loop_that_turns_is_left_alone():
    ended, said = threading.Event(), []
    watchdog = Watchdog(0.2, ended.set, said.append)
    for _ in range(10):
        time.sleep(0.05)
        watchdog.beat()
    watchdog.close()
    assert not ended.is_set()
    assert (said[0], said[-1]) == ("READY=1", "STOPPING=1") and set(said[1:-1]) == {"WATCHDOG=1"}


def test_a_loop_that_hangs_is_ended_and_says_why(caplog):
    ended = threading.Event()
    watchdog = Watchdog(0.1, ended.set, lambda message: None)
    assert ended.wait(5)
    watchdog.close()
    assert [message.split(" for ")[0] for message in caplog.messages] == ["nothing has happened"]


@pytest.mark.skipif(sys.platform == "win32", reason="no such sockets")
def test_systemd_is_told(tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        notifier({"NOTIFY_SOCKET": path})("WATCHDOG=1")
        assert server.recv(100) == b"WATCHDOG=1"
    notifier({"NOTIFY_SOCKET": path})("READY=1")  # nobody listens any more
    notifier({})("READY=1")
