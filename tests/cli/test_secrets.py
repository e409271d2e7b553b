"""A password in an address comes out nowhere: on stderr, in rows, in tracebacks, on the page."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import traceback

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from live_fakes import FakeCapture
from typed_addresses import MARK, addresses_with_secrets

from cnnkit.cli import main
from cnnkit.page.state import to_json
from cnnkit.sources.moving.shots import Opened
from cnnkit.sources.video import Video, open_video

FEW = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
MANY = settings(FEW, max_examples=10_000)


def said(*arguments, **environment):
    """All that a call prints, with the traceback that CNNKIT_DEBUG would show."""
    result = CliRunner(env={"CNNKIT_DEBUG": "1", **environment}).invoke(main, [*map(str, arguments)])
    error = "" if result.exception is None else "".join(traceback.format_exception(result.exception))
    return result.output + error


def open_fake(address, limits, *_):
    return Video(address, Opened(FakeCapture([200, 201]), 30.0), limits)


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def check(no_network, tiny_model, monkeypatch, tmp_path, capfd):
    """Returns what checks one address in all the ways in which it may be given."""
    monkeypatch.chdir(tmp_path)
    shown = []

    class Page:
        address = "http://127.0.0.1/"

        def __init__(self, *arguments, **options):
            pass

        def publish(self, pixels, state, *more):
            shown.append(to_json(state, since_ms=0.0, signal_s=0.0))

        def close(self):
            pass

    monkeypatch.setattr("cnnkit.page.server.LivePage", Page)
    monkeypatch.setattr("cnnkit.sources.moving.decoded.is_installed", lambda: False)
    monkeypatch.setattr("cnnkit.sources.moving.plain.open_address", lambda *_: None)

    def run(typed):
        text, secret = typed
        shown.clear()
        monkeypatch.setattr("cnnkit.live.videos.open_video", open_video)
        everything = [
            said("-v", "predict", f"./{text}" if text.startswith("-") else text, "-m", tiny_model, "--format", "jsonl"),
            said("webcam", f"--source={text}", "-m", tiny_model, "--headless"),
            said("webcam", "--", text),
            said("webcam", "-s", "987", f"--webhook={text}"),
            said("webcam", "-s", "987", f"--mqtt={text}"),
            said("webcam", f"--source={text}", f"--webhook={text}", f"--mqtt={text}", "--systemd"),
            said("predict", f"--batch-size={text}", "a.jpg"),
            said("predict", "a.jpg", f"--model={text}"),
            said(text),
        ]
        monkeypatch.setattr("cnnkit.live.videos.open_video", open_fake)
        environment = {"CNNKIT_SOURCE": text} if text.strip() and "\0" not in text else {}
        live = ("webcam", "-m", tiny_model, "--headless", "--page", 0, "--max-frames", 3, "--retries", 0)
        everything.append(said("-v", *live, **environment))
        captured = capfd.readouterr()
        assert bool(shown) == (" classified" in everything[-1])  # "1 frame", "3 frames"
        assert secret not in "\n".join([*everything, *shown, captured.out, captured.err]), text

    return run


@FEW
@given(typed=addresses_with_secrets())
def test_no_secret_comes_out(check, typed):
    check(typed)


@pytest.mark.slow
@MANY
@given(typed=addresses_with_secrets())
def test_no_secret_of_ten_thousand_comes_out(check, typed):
    check(typed)


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
