"""What `cnnkit webcam` does on a change: from a film that turns from red to blue to whoever is told of it."""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler
from threading import Thread

import cv2
import pytest
from click.testing import CliRunner
from mosquitto import free_port
from tiny_models import solid
from tls_server import QuietServer

from cnnkit.cli import main
from cnnkit.live.actions import delivery
from cnnkit.sources.class_folders import list_class_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="scripts of a shell")


def webcam(*arguments, **environment):
    return CliRunner(env=environment).invoke(main, ["webcam", *map(str, arguments)])


@pytest.fixture
def film(tmp_path):
    """Two seconds of red, a flash of green, two seconds of blue; 25 frames a second."""
    path = str(tmp_path / "film.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), 25.0, (64, 48))
    for color, frames in (("red", 50), ("green", 5), ("blue", 50)):
        for _ in range(frames):
            writer.write(solid(color, 48, 64)[..., ::-1].copy())
    writer.release()
    return path


class Hooks(BaseHTTPRequestHandler):
    """Keeps what it is sent; answers 503 for as long as it is told to."""

    told: list = []  # noqa: RUF012 - of the class on purpose
    failing = False

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not Hooks.failing:
            self.told.append(body)
        self.send_response(503 if Hooks.failing else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def served(port):
    server = QuietServer(("127.0.0.1", port), Hooks)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


def test_a_change_that_lasted(film, tiny_model, tmp_path):
    script = tmp_path / "note.sh"
    script.write_text(f'#!/bin/sh\ncat >> "{tmp_path}/rows.jsonl"\n')
    script.chmod(0o755)
    Hooks.told.clear()
    server = served(port := free_port())
    call = ["-s", film, "-m", tiny_model, "--headless", "--fast", "--smooth", "0", "--for", "1s", "--on-change", script]
    done = webcam(*call, "--keep-frames", tmp_path / "kept", CNNKIT_WEBHOOK=f"http://me:secret@127.0.0.1:{port}/T0KEN")
    server.shutdown()
    server.server_close()
    assert done.exit_code == 0 and "secret" not in done.output and "T0KEN" not in done.output, done.output
    by_command = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    for told in (by_command, Hooks.told):
        assert [(row["label"], row["previous"], row["since"], row["frame"]) for row in told] == [
            ("red", None, 0.0, 25), ("blue", "red", 2.2, 80),
        ]  # fmt: skip
        assert {row["source"] for row in told} == {film} and all(row["time"].endswith("Z") for row in told)
    assert [row["label"] for row in map(json.loads, done.stdout.splitlines())] == ["red", "green", "blue"]
    listed = list_class_folder(tmp_path / "kept")
    assert (listed.class_names if hasattr(listed, "class_names") else listed.labels) == ("blue", "red")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["-s", ""], "it is empty, expected a camera's index", id="no source"),
        pytest.param(["--mqtt-discovery"], "add --mqtt mqtts://host/topic", id="discovery of nothing"),
        pytest.param(["--unsure", "0.6"], "add --keep-frames DIR", id="unsure of nothing"),
        pytest.param(["--keep-at-most", "60"], "add --keep-frames DIR", id="at most of nothing"),
        pytest.param(["--for", "1s"], "add --on-change or the like", id="nothing after a time"),
        pytest.param(["--action-seconds", "10"], "add --on-change or --webhook", id="a limit of nothing"),
        pytest.param(["--for", "1x"], "'1x' is no time, expected one such as 90, 500ms, 10m or 2h", id="no time"),
        pytest.param(["--on-change", "no-such-program"], "there is no program no-such-program", id="no program"),
        pytest.param(["--webhook", "ftp://me:secret@h/x"], "begins with http or https", id="no webhook"),
        pytest.param(["--mqtt", "mqtt://me:secret@h/"], "names no topic", id="no topic"),
        pytest.param(["--for", "soon"], "is no time", id="words"),
        pytest.param(["--for", "-1s"], "-1.0 is not in the range x>=0", id="no time to come"),
    ],
)
def test_what_cannot_be_meant(arguments, message):
    result = webcam("-s", "987", *arguments)
    assert result.exit_code == 2 and message in result.stderr and "secret" not in result.output


def test_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("cnnkit.system.extras.find_spec", lambda name: None)
    result = webcam("-s", "987", "--mqtt", "mqtt://h/topic")
    assert result.exit_code == 1
    assert result.stderr == (
        "cnnkit: error: cnnkit webcam --mqtt needs paho, which is not installed: pip install 'cnnkit[mqtt]'\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("down_s", [5.0, 60.0])
def test_a_webhook_that_is_down_loses_nothing(monkeypatch, down_s):
    """Half of the time nothing listens, half of it the server answers 503."""
    from cnnkit.live.actions.webhook import webhook
    from cnnkit.system import TypedAddress

    monkeypatch.setattr(delivery, "LONGEST_WAIT_S", 5.0)
    Hooks.told.clear()
    port = free_port()
    sending = delivery.Delivery("hook", webhook(TypedAddress(f"http://127.0.0.1:{port}/"), 5.0, insecure=False))
    start = time.monotonic()
    server, number = None, 0
    while (now := time.monotonic() - start) < down_s + 1:
        sending.take({"number": number})
        number += 1
        if server is None and now > down_s / 2:
            Hooks.failing, server = True, served(port)
        Hooks.failing = now < down_s
        time.sleep(0.1)
    while len(Hooks.told) < number and time.monotonic() < start + down_s + 20:
        time.sleep(0.1)
    sending.close()
    server.shutdown()
    server.server_close()
    assert [each["number"] for each in Hooks.told] == list(range(number)) and sending.lost == 0
    assert [each["repeated"] for each in Hooks.told][1:] == [False] * (number - 1)
