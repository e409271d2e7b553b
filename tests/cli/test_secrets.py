"""A password in an address comes out nowhere: on stderr, in rows, in tracebacks, on the page."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, seed, settings
from live_fakes import FakeCapture
from secret_exits import Exits
from typed_addresses import MARK, addresses_with_secrets

from cnnkit.cli import main
from cnnkit.sources.moving.shots import Opened
from cnnkit.sources.video import Video

SHARES = 8  # of the ten thousand, for as many processes
FEW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
MANY = settings(FEW, max_examples=10_000 // SHARES, database=None)


def open_fake(address, limits, *_):
    return Video(address, Opened(FakeCapture([200, 201]), 30.0), limits)


@pytest.fixture
def exits(tiny_model, tmp_path_factory, monkeypatch):
    pytest.importorskip("paho.mqtt")
    folder = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(folder)
    with Exits(tiny_model, folder).sealed() as sealed:
        yield sealed


@FEW
@given(typed=addresses_with_secrets())
def test_no_secret_comes_out(exits, typed):
    text, secret = typed
    assert secret not in exits.everything(text), text


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_no_secret_of_ten_thousand_comes_out(exits, share):
    """Each goes one way of each kind."""
    exits.thorough = False

    @seed(share)
    @MANY
    @given(typed=addresses_with_secrets())
    def check(typed):
        text, secret = typed
        assert secret not in exits.everything(text), text

    check()


def test_all_exits_are_listened_to(exits):
    """A source without a secret is told of everywhere."""
    said = exits.everything("rtsp://me@camera-7/live")
    for place in (
        '"source": "rtsp://me@camera-7/live"', "window\ncnnkit - ", "film\nout.avi", "film\ncnnkit-2", "kept", ".png",
        "page\n", "mqtt\n", "webhook\n", "command\n", "ExecStart=", "Traceback", "gives no picture", "is back",
        "the connection ended without an answer", "the broker refuses", "No such command",
    ):  # fmt: skip
        assert place in said, place
    assert said.count("camera-7") > 40


def test_a_source_from_a_file_or_the_environment(tiny_model, tmp_path, monkeypatch):
    opened = []

    def note_and_open(address, limits, *_):
        opened.append(address.target)
        return open_fake(address, limits)

    monkeypatch.setattr("cnnkit.live.videos.open_video", note_and_open)
    file = tmp_path / "source"
    file.write_text(f"\nrtsp://me:{MARK}@host/s\n")
    file.chmod(0o644)
    call = ["webcam", "-m", str(tiny_model), "--headless", "--max-frames", "1"]
    result = CliRunner().invoke(main, [*call, "--source-file", str(file)])
    assert json.loads(result.stdout)["source"] == "rtsp://me:***@host/s"
    assert f"other users can read {file}, which holds a password: chmod 600 it" in result.stderr
    file.chmod(0o600)
    assert "other users" not in CliRunner().invoke(main, [*call, "--source-file", str(file)]).stderr
    result = CliRunner(env={"CNNKIT_SOURCE": f"rtsp://me:{MARK}@host/s"}).invoke(main, call)
    assert json.loads(result.stdout)["source"] == "rtsp://me:***@host/s"
    assert set(opened) == {f"rtsp://me:{MARK}@host/s"}
    both = CliRunner().invoke(main, [*call, "--source-file", str(file), "--source", "0"])
    assert (both.exit_code, both.stderr) == (
        2, "cnnkit: error: --source-file names the source, and --source or CNNKIT_SOURCE does: leave one of them out\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "cannot be read (No such file or directory)", id="missing"),
        pytest.param(b"\n", "holds no source: expected an address", id="empty"),
        pytest.param(b"\xff\xfe", "cannot be read (it is no UTF-8 text)", id="no text"),
    ],
)
def test_a_source_file_that_is_none(tmp_path, content, message):
    file = tmp_path / "source"
    if content is not None:
        file.write_bytes(content)
    result = CliRunner().invoke(main, ["webcam", "--source-file", str(file)])
    assert result.exit_code == 1 and message in result.stderr


@pytest.mark.parametrize("address", [f"rtmp://u:{MARK}@127.0.0.1:1/x", f"http://127.0.0.1:1/x?pwd={MARK}"])
def test_libraries_say_nothing_even_where_they_are_asked_to(address):
    """In a process of its own: OpenCV reads its environment once."""
    code = "import cnnkit.sources.moving.decoded as d; d.is_installed = lambda: False; import cnnkit.cli as c; c.main()"
    loud = {"OPENCV_FFMPEG_LOGLEVEL": "48", "OPENCV_VIDEOIO_DEBUG": "1", "OPENCV_LOG_LEVEL": "DEBUG"}
    call = [sys.executable, "-c", code, "-v", "webcam", "--source", address, "--headless"]
    done = subprocess.run(call, env=os.environ | loud, capture_output=True, text=True)
    assert done.returncode == 1 and "cannot be reached" in done.stderr
    assert MARK not in done.stdout + done.stderr
