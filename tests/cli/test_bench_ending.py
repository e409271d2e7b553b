"""How `cnnkit bench` ends when it is told to: its report comes first, and no process stays behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals")


@pytest.fixture
def running(tiny_model, tmp_path):
    """Starts a long run; gives the process and the file that its report goes to."""
    report = tmp_path / "bench.json"
    command = [sys.executable, "-m", "cnnkit", "bench", "--model", str(tiny_model), "--duration", "12"]
    process = subprocess.Popen(
        [*command, "--format", "json", "-o", str(report)], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    while not process.stderr.readline().startswith("timing batches of 1,"):
        assert process.poll() is None
    yield process, report
    process.kill()
    process.stderr.close()


def children(process: subprocess.Popen[str]) -> list[int]:
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="utf-8")
    return [int(pid) for pid in listed.split()]


def there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"


def gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 10
    while any(map(there, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_what_was_measured_is_saved(running, number):
    process, report = running
    time.sleep(6)  # warming up takes three seconds at most, a round of twenty six tenths of one
    workers = children(process)
    os.killpg(process.pid, number)
    time.sleep(0.1)
    os.killpg(process.pid, number)  # a second one does not stop the report
    assert process.wait(20) == 130
    saved = json.loads(report.read_text(encoding="utf-8"))
    assert saved["options"]["unfinished"] == "interrupted"
    assert saved["contenders"][0]["latency_ms"]["n"] > 0
    assert workers and gone(workers)


def test_no_worker_outlives_a_killed_parent(running):
    process, _ = running
    workers = children(process)
    process.kill()
    process.wait()
    assert workers and gone(workers)
