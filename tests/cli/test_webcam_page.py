from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
from click.testing import CliRunner
from live_fakes import write_video

from cnnkit.cli import main

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
TOKEN = "a token of some length"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_the_page_shows_what_the_model_says(tmp_path, tiny_model):
    video = write_video(tmp_path / "long.avi", [200] * 300, rate_hz=10.0)
    command = [sys.executable, "-m", "cnnkit", "webcam", "-s", video, "-m", tiny_model, "--page", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        address = re.fullmatch(r"the live page is at (http://127\.0\.0\.1:\d+/)\n", process.stderr.readline())[1]
        end = time.monotonic() + 20
        while (state := json.load(urllib.request.urlopen(address + "state.json")))["label"] is None:
            assert time.monotonic() < end
            time.sleep(0.1)
        picture = urllib.request.urlopen(address + "frame.jpg").read()
        process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=20)
    assert (state["label"], state["signal"], state["source"]) == ("red", "live", str(video))
    assert picture.startswith(b"\xff\xd8")
    assert process.returncode == 0 and stderr.count("\n") == 1, stderr
    assert json.loads(stdout.splitlines()[0])["label"] == "red", "without a window, changes are printed"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "--host says what --page listens on: add --page PORT"),
        (["--page", "0", "--host", "0.0.0.0"], "protect it with --token"),
        (["--page", "0", "--host", "0.0.0.0", "--token", "short"], "--token has 5 characters"),
        (["--page", "70000"], "70000 is not in the range"),
    ],
)
def test_pages_that_may_not_be(tmp_path, tiny_model, arguments, message):
    video = write_video(tmp_path / "clip.avi", [200] * 3)
    result = CliRunner().invoke(main, ["webcam", "-s", str(video), "-m", str(tiny_model), *arguments])
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_a_token_from_the_environment(tmp_path, tiny_model):
    video = write_video(tmp_path / "clip.avi", [200] * 3)
    call = ["webcam", "-s", str(video), "-m", str(tiny_model), "--page", "0", "--fast"]
    result = CliRunner(env={"CNNKIT_TOKEN": TOKEN}).invoke(main, call)
    assert result.exit_code == 0 and TOKEN not in result.stderr
    assert "(to be opened with ?token= and its token) is at http:" in result.stderr
