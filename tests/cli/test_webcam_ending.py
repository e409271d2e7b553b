"""`cnnkit webcam` is ended by a signal or a key, in the middle of whatever it does."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest
from live_fakes import count_frames, write_video

LONG = [200] * 300  # a video that outlasts its test


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_a_run_with_whole_files(tmp_path, tiny_model, name):
    film, log = tmp_path / "film.mp4", tmp_path / "log.jsonl"
    video = write_video(tmp_path / "long.mp4", LONG, rate_hz=10.0)
    command = [sys.executable, "-m", "cnnkit", "webcam", "-s", video, "-m", tiny_model, "--headless"]
    process = subprocess.Popen(
        [*command, "--every", "0", "--record", film, "-o", log], stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: log.exists() and log.read_text().count("\n") >= 3)
    process.send_signal(getattr(signal, name))
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 0, stderr
    assert " classified" in stderr and "Traceback" not in stderr
    written = rows(log.read_text())
    assert len(LONG) > len(written) >= 3
    assert count_frames(film) == written[-1]["frame"] - written[0]["frame"] + 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_signal_while_a_library_opens_an_address_ends_the_process_properly(tiny_model):
    """PyAV, or OpenCV, hangs in a thread of its own then, which the interpreter must not stop in its midst."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/live"
        command = [sys.executable, "-m", "cnnkit", "webcam", "-s", address, "-m", tiny_model, "--headless"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with silent.accept()[0] as connection:
            connection.recv(1)
            process.send_signal(signal.SIGTERM)
            _, stderr = process.communicate(timeout=20)
    assert (process.returncode, stderr) == (0, "0 frames classified\n")


def wait_for(condition, timeout_s=20.0):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


@pytest.fixture
def display():
    """A virtual display's number."""
    missing = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed")
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1024x768x24"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as pipe:
        yield f":{pipe.readline().strip()}"
    server.terminate()
    server.wait()


@pytest.mark.parametrize("key", ["q", "Escape"])
def test_a_key_closes_the_window_and_the_recording(tmp_path, tiny_model, display, key):
    film, log = tmp_path / "film.mp4", tmp_path / "log.jsonl"
    video = write_video(tmp_path / "long.mp4", LONG, rate_hz=10.0)
    environment = {**os.environ, "DISPLAY": display}
    command = [sys.executable, "-m", "cnnkit", "webcam", "-s", video, "-m", tiny_model, "--record", film, "-o", log]
    command += ["--every", "0"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: log.exists() and log.read_text().count("\n") >= 3)
    find = ["xdotool", "search", "--onlyvisible", "--name", "^cnnkit - "]
    window = subprocess.run(find, env=environment, capture_output=True, text=True, check=True).stdout.split()[-1]
    subprocess.run(["xdotool", "windowfocus", "--sync", window, "key", key], env=environment, check=True)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 0, stderr
    assert stderr.count("\n") == 1 and " classified" in stderr
    assert 3 <= len(rows(log.read_text())) < len(LONG)
    assert count_frames(film) >= 3
