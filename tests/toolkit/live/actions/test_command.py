from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from cnnkit.errors import UsageError
from cnnkit.live.actions.command import Command, parse_command
from cnnkit.live.actions.delivery import NeverError, Parcel

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="scripts of a shell")
PARCEL = Parcel({"label": "$(touch owned); cat", "confidence": 0.9}, "id1")


@pytest.fixture
def script(tmp_path):
    def write(text: str) -> str:
        path = tmp_path / "notify me.sh"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return f"'{path}' front-door '$(touch owned)'"

    return write


def run(command, limit_s=10.0):
    Command(parse_command(command), limit_s).run(PARCEL)


def test_the_row_is_on_stdin_and_no_shell_has_a_part(script, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    for name in ("CNNKIT_SOURCE", "CNNKIT_TOKEN", "CNNKIT_WEBHOOK", "CNNKIT_MQTT"):
        monkeypatch.setenv(name, "secret")
    run(script('cat > row.json; echo "$@" > arguments; env > environment; echo printed; echo wrong >&2'))
    assert json.loads((tmp_path / "row.json").read_text()) == {**PARCEL.row, "id": "id1", "repeated": False}
    assert (tmp_path / "arguments").read_text() == "front-door $(touch owned)\n"
    assert "secret" not in (tmp_path / "environment").read_text()
    assert not (tmp_path / "owned").exists()
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "wrong\n")


def test_what_reads_nothing_is_no_failure(script):
    run(script("exit 0"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("exit 3", "it ended with exit code 3", id="failed"),
        pytest.param("sleep 60", "it took more than 0.3 s and was ended", id="too long"),
        pytest.param("sleep 60 & wait", "it took more than 0.3 s and was ended", id="what it started"),
    ],
)
def test_what_fails(script, text, message):
    start = time.monotonic()
    with pytest.raises(NeverError, match=message):
        run(script(text), 0.3)
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "--on-change is empty"),
        ("'./a", "cannot be split into words"),
        ("no-such-program --now", "there is no program no-such-program"),
        (os.devnull, "there is no program"),
    ],
)
def test_what_is_no_command(command, message):
    with pytest.raises(UsageError, match=message):
        parse_command(command)


def ended(command, begun):
    """Runs a command on a thread, ends it once it has begun, and returns how it failed."""
    failed = []

    def run_it():
        try:
            command.run(PARCEL)
        except NeverError as error:
            failed.append(str(error))

    thread = threading.Thread(target=run_it)
    thread.start()
    end = time.monotonic() + 10
    while not begun.exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    command.end()
    thread.join(30)
    return failed


def test_one_that_runs_when_the_process_ends_is_ended_with_what_it_started(script, tmp_path):
    """It is given a moment before."""
    begun = tmp_path / "begun"
    command = Command(parse_command(script(f"echo begun > '{begun}'; sleep 60 & sleep 61; echo no")), 100.0)
    assert ended(command, begun) == ["it ended with exit code -9"]
    command.end()


def test_one_that_has_just_begun_is_ended_too(script, tmp_path, monkeypatch):
    """It runs before whoever started it knows of it."""
    begun, start = tmp_path / "begun", subprocess.Popen

    def slowly(*arguments, **options):
        process = start(*arguments, **options)
        while not begun.exists():
            time.sleep(0.01)
        time.sleep(0.3)
        return process

    monkeypatch.setattr("cnnkit.live.actions.command.subprocess.Popen", slowly)
    command = Command(parse_command(script(f"echo begun > '{begun}'; exec sleep 60")), 100.0)
    assert ended(command, begun) == ["it ended with exit code -9"]


def test_what_vanishes_later(script, tmp_path):
    words = parse_command(script("exit 0"))
    (tmp_path / "notify me.sh").unlink()
    with pytest.raises(NeverError, match="cannot be started"):
        Command(words, 1.0).run(PARCEL)
