"""Streams at every client's own pace, and what they cost the program that publishes."""

from __future__ import annotations

import gc
import json
import re
import threading
import time
import tracemalloc
import weakref
from contextlib import ExitStack, contextmanager

import cv2
import numpy as np
import pytest

pytest.importorskip("starlette", reason="the extra 'page' is not installed")
pytest.importorskip("uvicorn", reason="the extra 'page' is not installed")

from page_client import client, fetch, opened_page, picture, state, wait_until

from cnnkit.page import pictures, streams
from cnnkit.page.newest import Bell

PART = (
    rb"--cnnkit\r\nContent-Type: image/jpeg\r\nContent-Length: (\d+)\r\nX-Frame: (\d+)\r\n\r\n(\xff\xd8.*?\xff\xd9)\r\n"
)
EVENT = rb"data: (\{[^\n]*\})\n\n"


@pytest.fixture
def page():
    with opened_page() as opened:
        yield opened


@pytest.fixture
def encodings(monkeypatch):
    """The times at which pictures were encoded."""
    times = []
    encode = pictures.encode

    def counted(pixels):
        times.append(time.monotonic())
        return encode(pixels)

    monkeypatch.setattr(pictures, "encode", counted)
    return times


@contextmanager
def publishing(page, rate_hz, pixels):
    """Publishes from another thread, as a program does that has its own work to do."""
    stop = threading.Event()

    def run():
        frame = 0
        while not stop.wait(1 / rate_hz):
            page.publish(pixels.copy(), state(frame=frame))
            frame += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def noise(height=720, width=1280):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_a_picture_comes_whole_with_its_number_and_the_boundary_behind_it(page):
    page.publish(picture(), state(frame=41))
    with client(page, "/stream.mjpg") as watcher:
        (part,) = watcher.read_until(PART + rb"--cnnkit\r\n")
        assert b"content-type: multipart/x-mixed-replace; boundary=cnnkit\r\n" in watcher.received
        assert b"cache-control: no-store\r\n" in watcher.received
    assert int(part[1]) == len(part[3]) and part[2] == b"41"
    assert cv2.imdecode(np.frombuffer(part[3], np.uint8), cv2.IMREAD_COLOR).shape == (48, 64, 3)


def test_a_client_gets_the_newest_first_and_each_once(page):
    for frame in range(5):
        page.publish(picture(), state(frame=frame))
    with client(page, "/stream.mjpg") as watcher:
        watcher.read_until(PART)
        page.publish(picture(), state(frame=5))
        watcher.read_until(PART, 2)
        page.publish(None, state(frame=6))
        watcher.read_for(0.3)
        assert [int(part[2]) for part in watcher.read_until(PART)] == [4, 5]


def test_without_a_new_picture_the_last_comes_again(page, monkeypatch):
    monkeypatch.setattr(streams, "_RESEND_S", 0.1)
    page.publish(picture(), state(frame=3))
    with client(page, "/stream.mjpg") as watcher:
        assert [int(part[2]) for part in watcher.read_until(PART, 3)][:3] == [3, 3, 3]


def test_pictures_are_encoded_once_for_all_and_at_most_fifteen_a_second(page, encodings):
    with publishing(page, 60, picture()), client(page, "/stream.mjpg") as one, client(page, "/stream.mjpg") as two:
        one.read_until(PART)
        before = len(encodings)
        numbers = [set(re.findall(rb"X-Frame: (\d+)", each.read_for(1))) for each in (one, two)]
        seconds = encodings[-1] - encodings[before]
        made = len(encodings) - before - 1
    assert 0 < made <= 15 * seconds + 2
    assert numbers[0] and numbers[1]


def test_nothing_is_encoded_while_nobody_watches(page, encodings):
    for _ in range(50):
        page.publish(picture(), state())
        time.sleep(0.002)
    assert not encodings
    with client(page, "/stream.mjpg") as watcher:
        watcher.read_until(PART)
    wait_until(lambda: page._pictures._watchers == 0)
    seen = len(encodings)
    page.publish(picture(), state())
    time.sleep(0.2)
    assert seen == 1 == len(encodings)


def test_a_client_that_does_not_read_holds_up_nobody(page):
    pixels, times = noise(), []
    with client(page, "/stream.mjpg", receive_buffer=4096), client(page, "/stream.mjpg") as reader:
        for frame in range(200):
            start = time.perf_counter()
            page.publish(pixels, state(frame=frame))
            times.append(time.perf_counter() - start)
            time.sleep(0.005)
        reader.read_until(rb"X-Frame: 199\r\n")
    assert np.median(times) < 0.005 and sum(times) < 5


def test_a_client_that_reads_again_gets_the_newest_soon(page):
    pixels = noise()
    with client(page, "/stream.mjpg", receive_buffer=4096) as slow:
        for frame in range(100):
            page.publish(pixels, state(frame=frame))
            time.sleep(0.015)
        slow.read_until(rb"X-Frame: 99\r\n")
        numbers = [int(number) for number in re.findall(rb"X-Frame: (\d+)", slow.received)]
    assert len(numbers) < 10, "what could not be sent in time was left out, not kept"


def test_a_client_that_takes_nothing_is_given_up(page, monkeypatch):
    monkeypatch.setattr(streams, "_STUCK_S", 0.2)
    with client(page, "/stream.mjpg", receive_buffer=4096), publishing(page, 30, noise()):
        wait_until(lambda: page._pictures._watchers == 1)
        wait_until(lambda: page._pictures._watchers == 0)


@pytest.mark.parametrize("path", ["/stream.mjpg", "/events"])
def test_eight_clients_at_most(page, path):
    page.publish(picture(), state())
    with ExitStack() as stack:
        clients = [stack.enter_context(client(page, path)) for _ in range(streams.MOST_CLIENTS)]
        assert [each.status for each in clients] == [200] * 8
        refused = fetch(page, path)
        assert refused.status == 503 and refused.body.count(b"\n") == 1
        assert fetch(page, "/frame.jpg").status == 200
        clients[0].close()
        wait_until(lambda: accepted(page, path))


def accepted(page, path):
    with client(page, path) as another:
        return another.status == 200


def test_only_the_newest_picture_is_kept(page):
    freed = []
    with client(page, "/stream.mjpg", receive_buffer=4096), client(page, "/events", receive_buffer=4096):
        for frame in range(300):
            pixels = picture()
            weakref.finalize(pixels, freed.append, frame)
            page.publish(pixels, state(frame=frame))
            time.sleep(0.001)
        gc.collect()
        assert len(freed) >= 297, "all but the newest, the one being encoded and the one of this test"


def test_memory_does_not_grow_with_what_is_published(page):
    pixels = noise(240, 320)
    with client(page, "/stream.mjpg", receive_buffer=4096), client(page, "/events") as listener, traced():
        before = 0
        for frame in range(3000):
            page.publish(pixels, state(f"label {frame}", frame=frame))
            if frame == 500:
                before = tracemalloc.get_traced_memory()[0]
            if not frame % 100:
                listener.read_for(0.01)
                listener.received = b""
        grown = tracemalloc.get_traced_memory()[0] - before
    assert grown < 1_000_000, "2500 pictures of 230 kB were published in between"


@contextmanager
def traced():
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


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
        watcher.read_until(PART)
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
    assert page._newest.snapshot.number == page._newest.snapshot.picture == 2000
