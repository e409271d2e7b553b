"""Pictures at every client's own pace, and what they cost the program that publishes."""

from __future__ import annotations

import gc
import re
import socket
import time
import tracemalloc
import weakref
from contextlib import ExitStack, closing, contextmanager

import cv2
import numpy as np
import pytest

pytest.importorskip("starlette", reason="the extra 'page' is not installed")
pytest.importorskip("uvicorn", reason="the extra 'page' is not installed")

from page_client import client, fetch, opened_page, picture, publishing, state, wait_until

from cnnkit.page import pictures, streams
from cnnkit.page.address import listen

PART = (
    rb"--cnnkit\r\nContent-Type: image/jpeg\r\nContent-Length: (\d+)\r\nX-Frame: (\d+)\r\n\r\n(\xff\xd8.*?\xff\xd9)\r\n"
)


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
    wait_until(lambda: page._views[0].pictures._watchers == 0)
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
        wait_until(lambda: page._views[0].pictures._watchers == 1)
        wait_until(lambda: page._views[0].pictures._watchers == 0)


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


def test_the_system_keeps_little_for_a_slow_client():
    with closing(listen("127.0.0.1", 0)) as listener, closing(socket.create_connection(listener.getsockname())):
        accepted_one, _ = listener.accept()
        with closing(accepted_one):
            assert accepted_one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 1 << 20
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                assert accepted_one.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
