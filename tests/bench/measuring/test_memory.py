from __future__ import annotations

import subprocess
import sys

import pytest

from cnnkit.bench.measuring import memory
from cnnkit.bench.measuring.memory import peak_memory_bytes, peak_of_status

PRINT_PEAK = "from cnnkit.bench.measuring.memory import peak_memory_bytes; print(peak_memory_bytes())"


def child_peak(code: str = "") -> int:
    done = subprocess.run([sys.executable, "-c", f"{code}\n{PRINT_PEAK}"], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("VmPeak:\t  9999 kB\nVmHWM:\t   1234 kB\nVmRSS:\t 1000 kB\n", 1234 * 1024, id="status"),
        pytest.param("Name:\tpython\n", None, id="without"),
    ],
)
def test_status(text, expected):
    assert peak_of_status(text) == expected


def test_memory_that_was_held_and_given_back_counts():
    assert child_peak("block = bytearray(200_000_000); del block") - child_peak() > 150_000_000


@pytest.mark.skipif(not memory.STATUS.is_file(), reason="a trap of Linux")
def test_a_large_parent_does_not_count():
    ballast = bytearray(400_000_000)
    assert child_peak() < 200_000_000
    del ballast


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="units differ")
def test_without_proc_the_system_is_asked(monkeypatch, tmp_path):
    first = peak_memory_bytes()
    monkeypatch.setattr(memory, "STATUS", tmp_path / "none")
    assert peak_memory_bytes() >= first * 0.9
