"""`cnnkit webcam` on network cameras that come, go, hang and change: an MJPEG server in this process plays them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import pytest
from live_fakes import picture


class Camera(BaseHTTPRequestHandler):
    """Each connection in turn gives what the server's list of plays says: sizes of frames, or "hang"."""

    def do_GET(self):
        server = self.server
        play = server.plays.pop(0) if server.plays else None
        if play is None:
            self.send_error(404)
            return
        if play == "hang":
            server.released.wait(30)
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for size in play:
            server.sent += 1
            jpeg = cv2.imencode(".jpg", picture(200 + server.sent % 50, size))[1].tobytes()
            self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg))
            self.wfile.write(jpeg + b"\r\n")
            time.sleep(0.02)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    plays: list
    sent = 0

    def handle_error(self, *_):
        """Whoever watches may go away at any time."""


@pytest.fixture
def camera():
    server = Server(("127.0.0.1", 0), Camera)
    server.released = threading.Event()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def plug(*plays):
        server.plays = list(plays)
        return f"http://user:secret@127.0.0.1:{server.server_port}/live.mjpg"

    yield plug
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


SMALL, LARGE = (48, 64), (96, 128)


def watch(address, model, *arguments, timeout=60):
    command = [sys.executable, "-m", "cnnkit", "webcam", "-s", address, "-m", model, "--headless", "--frozen", "0"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=timeout)
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def test_a_camera_that_is_taken_away_and_comes_back(camera, tiny_model):
    address = camera([SMALL] * 40, [SMALL] * 400)
    done, rows = watch(address, tiny_model, "--max-seconds", "6")
    assert done.returncode == 0, done.stderr
    assert [row["label"] or row["error"] for row in rows] == ["red", "signal lost", "red"]
    assert all(row["source"].startswith("http://user:***@127.0.0.1:") for row in rows)
    assert "secret" not in done.stdout + done.stderr
    lost, back = (line.split("/live.mjpg ")[1] for line in done.stderr.splitlines()[:2])
    assert (lost, back) == ("gives no picture: it is opened again until it does", "is back")


def test_a_camera_that_is_gone_for_good(camera, tiny_model):
    done, rows = watch(camera([SMALL] * 30), tiny_model, "--retries", "1")
    assert done.returncode == 1
    assert [row["label"] or row["error"] for row in rows] == ["red", "signal lost"]
    assert "opening it again 1 times did not help: check the connection" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stream_of_changing_size(camera, tiny_model, tmp_path):
    film = tmp_path / "film.avi"
    address = camera([SMALL] * 30 + [LARGE] * 30 + [SMALL] * 30)
    done, rows = watch(address, tiny_model, "--max-seconds", "3", "--record", film, "--every", "0")
    assert done.returncode == 0, done.stderr
    assert {row["label"] for row in rows} <= {"red", None}
    assert cv2.VideoCapture(str(film)).read()[0]


@pytest.mark.slow
def test_a_stream_that_never_answers_is_an_error(camera, tiny_model):
    start = time.monotonic()
    done, rows = watch(camera("hang"), tiny_model)
    assert (done.returncode, rows, done.stderr.count("\n")) == (1, [], 1)
    assert "cannot be opened: check the address" in done.stderr
    assert time.monotonic() - start < 30


@pytest.mark.slow
def test_a_stream_that_hangs_on_its_way(camera, tiny_model):
    address = camera([SMALL] * 30 + [SMALL] * 2, "hang", [SMALL] * 100)
    done, rows = watch(address, tiny_model, "--max-seconds", "25")
    assert done.returncode == 0, done.stderr
    assert [row["label"] or row["error"] for row in rows][:2] == ["red", "signal lost"]
