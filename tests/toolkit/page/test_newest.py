"""States as server-sent events, the bell that announces them, and the end of all streams."""

from __future__ import annotations

import json
import re
import threading
import time

import pytest

pytest.importorskip("starlette", reason="the extra 'page' is not installed")
pytest.importorskip("uvicorn", reason="the extra 'page' is not installed")

from page_client import client, opened_page, picture, publishing, state

from cnnkit.page import streams
from cnnkit.page.newest import Bell

EVENT = rb"data: (\{[^\n]*\})\n\n"


@pytest.fixture
def page():
    with opened_page() as opened:
        yield opened


def test_a_busy_loop_gets_one_call_however_often_the_bell_rings():
    calls = []

    class Loop:
        def call_soon_threadsafe(self, call):
            calls.append(call)

    bell = Bell()
    bell.ring()
    bell.attach(Loop())
    for _ in range(1000):
        bell.ring()
    assert len(calls) == 1


def test_events_are_states_at_most_ten_a_second(page):
    with publishing(page, 60, picture()), client(page, "/events") as listener:
        listener.read_until(EVENT)
        assert b"content-type: text/event-stream" in listener.received
        start = len(listener.received)
        listener.read_for(1)
        found = [json.loads(data) for data in re.findall(EVENT, listener.received[start:])]
    assert 3 <= len(found) <= 11
    frames = [each["frame"] for each in found]
    assert frames == sorted(set(frames)) and found[0]["label"] == "cat"


def test_a_heartbeat_tells_how_old_the_state_is(page, monkeypatch):
    monkeypatch.setattr(streams, "_HEARTBEAT_S", 0.1)
    page.publish(None, state(signal="lost"))
    with client(page, "/events") as listener:
        ages = [json.loads(event[1])["since_ms"] for event in listener.read_until(EVENT, 4)]
    assert ages == sorted(ages) and ages[3] - ages[0] > 200


def test_a_label_cannot_end_an_event(page):
    page.publish(None, state('x\n\ndata: {"label": "forged"}\n\n'))
    with client(page, "/events") as listener:
        listener.read_for(0.3)
        labels = {json.loads(data)["label"] for data in re.findall(EVENT, listener.received)}
    assert labels == {'x\n\ndata: {"label": "forged"}\n\n'}


def test_closing_ends_all_streams_soon():
    with opened_page() as page, client(page, "/stream.mjpg") as watcher, client(page, "/events") as listener:
        page.publish(picture(), state())
        watcher.read_until(b"X-Frame")
        listener.read_until(EVENT)
        start = time.monotonic()
        page.close()
        watcher.read_to_end()
        listener.read_to_end()
        assert time.monotonic() - start < 5
        assert not page._thread.is_alive()


def test_many_threads_may_publish(page):
    def publish_many():
        for frame in range(500):
            page.publish(picture(), state(frame=frame))

    threads = [threading.Thread(target=publish_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert page._views[0].newest.snapshot.number == page._views[0].newest.snapshot.picture == 2000
