from __future__ import annotations

import pytest

from cnnkit.system.messages import log, show_messages
from cnnkit.system.repeats import repeats_counted


@pytest.fixture
def said(capsys):
    show_messages(0)
    return lambda: capsys.readouterr().err.splitlines()


def test_a_camera_that_flaps_writes_a_line_a_minute(said):
    now = [0.0]
    with repeats_counted(lambda: now[0]):
        for second in range(300):
            now[0] = float(second)
            log.warning("%s gives no picture", "camera 0")
            log.info("%s is back", "camera 0")
        lines = said()
    assert lines[:3] == [
        "cnnkit: warning: camera 0 gives no picture",
        "camera 0 is back",
        "cnnkit: warning: camera 0 gives no picture (59 times more within a minute)",
    ]
    assert len(lines) == 2 + 2 * 4
    assert said() == [
        "cnnkit: warning: camera 0 gives no picture (60 times more within a minute)",
        "camera 0 is back (60 times more within a minute)",
    ]


def test_what_is_said_once_is_not_counted(said):
    now = [0.0]
    with repeats_counted(lambda: now[0]):
        log.info("one")
        log.info("two")
        now[0] = 100.0
        log.info("one")
    assert said() == ["one", "two", "one"]


def test_the_end_says_what_was_not(said):
    with repeats_counted(lambda: 0.0):
        for _ in range(2):
            log.error("%s full", "100 %")
    assert said() == ["cnnkit: error: 100 % full", "cnnkit: error: 100 % full (once more within a minute)"]


def test_afterwards_nothing_is_counted(said):
    with repeats_counted():
        log.info("one")
    log.info("one")
    assert said() == ["one", "one"]
