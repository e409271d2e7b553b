"""`cnnkit webcam` on network cameras that come, go, hang and change: an MJPEG server in this process plays them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import parse_http_list, parse_keqv_list

import cv2
import pytest
from click.testing import CliRunner
from live_fakes import picture

from cnnkit.cli import main


class Camera(BaseHTTPRequestHandler):
    """Each connection in turn gives what the server's list of plays says: sizes of frames, or "hang"."""

    def do_GET(self):
        server = self.server
        if self.path.startswith("/snapshot") and not self._knows_digest():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Digest realm="camera", nonce="12345", qop="auth", algorithm=MD5')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        play = server.plays.pop(0) if server.plays else None
        if play is None:
            self.send_error(404)
            return
        if play in ("snapshot", "unnamed snapshot", "bare snapshot"):
            self._send_snapshot(play)
            return
        if play == "bare pictures":
            self._send_bare_pictures()
            return
        if play == "text":
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<p>Welcome</p>")
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
            if size == TORN:
                jpeg = jpeg[: len(jpeg) // 2]
            self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg))
            self.wfile.write(jpeg + b"\r\n")
            time.sleep(0.02)

    def _send_snapshot(self, play):
        self.server.sent += 1
        jpeg = cv2.imencode(".jpg", picture(200 + self.server.sent % 50))[1].tobytes()
        self.send_response(200)
        if play == "snapshot":
            self.send_header("Content-Type", "image/jpeg")
        elif play == "unnamed snapshot":
            self.send_header("Content-Length", str(len(jpeg)))
        self.end_headers()
        self.wfile.write(jpeg)

    def _send_bare_pictures(self):
        self.send_response(200)
        self.end_headers()
        while not self.server.released.wait(0.05):
            self.server.sent += 1
            self.wfile.write(cv2.imencode(".jpg", picture(200 + self.server.sent % 50))[1].tobytes())

    def _knows_digest(self):
        """By RFC 7616, with the user's name and password."""
        kind, _, rest = self.headers.get("Authorization", "").partition(" ")
        said = parse_keqv_list(parse_http_list(rest)) if kind == "Digest" else {}

        def hashed(text):
            return md5(text.encode()).hexdigest()

        known = hashed("user:camera:secret"), hashed(f"GET:{self.path}")
        between = ":".join(said.get(name, "") for name in ("nonce", "nc", "cnonce", "qop"))
        return said.get("response") == hashed(f"{known[0]}:{between}:{known[1]}")

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

    def plug(*plays, path="live.mjpg"):
        server.plays = list(plays)
        return f"http://user:secret@127.0.0.1:{server.server_port}/{path}"

    yield plug
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


SMALL, LARGE, TORN = (48, 64), (96, 128), (48, 80)


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
    assert "opening it again once did not help: check the connection" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stream_of_changing_size(camera, tiny_model, tmp_path):
    film = tmp_path / "film.avi"
    address = camera([SMALL] * 30 + [LARGE] * 30 + [SMALL] * 30)
    done, rows = watch(address, tiny_model, "--max-seconds", "3", "--record", film, "--every", "0")
    assert done.returncode == 0, done.stderr
    assert {row["label"] for row in rows} <= {"red", None}
    assert cv2.VideoCapture(str(film)).read()[0]


def inside(address, model, *arguments):
    """The same in this process, which is quicker."""
    call = ["webcam", "-s", address, "-m", str(model), "--headless", "--frozen", "0", *map(str, arguments)]
    result = CliRunner().invoke(main, call)
    return result, [json.loads(line) for line in result.stdout.splitlines()]


def test_torn_pictures_are_left_out(camera, tiny_model):
    result, rows = inside(camera([SMALL, SMALL, TORN] * 20), tiny_model, "--max-seconds", "1", "--every", "0")
    assert result.exit_code == 0 and {row["label"] for row in rows if row["error"] is None} == {"red"}
    assert 15 < len(rows) <= 40 and "damaged and left out" in result.stderr


def test_torn_pictures_alone_are_the_reason_why_there_is_no_signal(camera, tiny_model):
    _, rows = inside(camera([SMALL] * 5 + [TORN] * 100), tiny_model, "--max-seconds", "1.8")
    assert [row["label"] or row["error"] for row in rows] == ["red", "picture damaged"]


@pytest.mark.parametrize(
    ("path", "play"),
    [
        ("snapshot.jpg", "snapshot"), ("snapshot", "snapshot"), ("snapshot.cgi?channel=1", "snapshot"),
        ("snapshot.cgi", "unnamed snapshot"), ("snapshot", "bare snapshot"),
    ],
)  # fmt: skip
def test_snapshots_are_fetched_again_and_again_with_a_digest_login(camera, tiny_model, path, play):
    address = camera(*[play] * 20, path=path)
    result, rows = inside(address, tiny_model, "--every", "0.2", "--max-seconds", "1.1")
    assert result.exit_code == 0, result.output
    assert {row["label"] for row in rows} == {"red"} and 3 <= len(rows) <= 6
    assert "secret" not in result.output


@pytest.mark.parametrize(
    ("plays", "path", "reason"),
    [
        pytest.param([], "live.mjpg", "is not there: the server answers, but does not know the path", id="path"),
        pytest.param([[SMALL]], "snapshot.jpg", "refuses the user name or password", id="password"),
        pytest.param(["text"] * 3, "", "answers, but with no video stream that can be read", id="no stream"),
    ],
)
def test_why_an_address_cannot_be_opened(camera, tiny_model, plays, path, reason):
    address = camera(*plays, path=path)
    if path == "snapshot.jpg":
        address = address.replace("secret", "secret2")
    result, rows = inside(address, tiny_model)
    assert (result.exit_code, rows) == (1, []) and reason in result.stderr
    assert result.stderr.count("\n") == 1 and "secret" not in result.stderr


@pytest.mark.slow
def test_a_stream_that_never_answers_is_an_error(camera, tiny_model):
    start = time.monotonic()
    done, rows = watch(camera("hang"), tiny_model)
    assert (done.returncode, rows, done.stderr.count("\n")) == (1, [], 1)
    assert "gives no answer within 10 seconds" in done.stderr
    assert time.monotonic() - start < 15


@pytest.mark.slow
def test_a_stream_that_hangs_on_its_way(camera, tiny_model):
    address = camera([SMALL] * 30 + [SMALL] * 2, "hang", [SMALL] * 100)
    done, rows = watch(address, tiny_model, "--max-seconds", "25")
    assert done.returncode == 0, done.stderr
    assert [row["label"] or row["error"] for row in rows][:2] == ["red", "signal lost"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_signal_does_not_wait_for_an_address(camera, tiny_model):
    command = [sys.executable, "-m", "cnnkit", "webcam", "-s", camera("hang"), "-m", tiny_model, "--headless"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(2.5)
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=20)
    assert (process.returncode, stderr) == (0, "0 frames classified\n")
    assert time.monotonic() - start < 1


def test_pictures_without_an_end_or_a_name_are_a_video(camera, tiny_model):
    address = camera(*["bare pictures"] * 9, path="video")
    result, rows = inside(address, tiny_model, "--every", "0.2", "--max-seconds", "2")
    assert result.exit_code == 0, result.output
    assert len(rows) > 4 and {row["label"] or row["error"] for row in rows} == {"red"}
