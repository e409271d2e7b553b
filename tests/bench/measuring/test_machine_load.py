from __future__ import annotations

import subprocess
import sys
from time import process_time, sleep

import pytest

from cnnkit.bench.measuring.machine_load import MachineLoad, ProcessorTimes, load_before, load_during, processor_times

START = ProcessorTimes(clock=100.0, busy=50.0, stolen=2.0)
needs_proc_stat = pytest.mark.skipif(processor_times() is None, reason="there is no /proc/stat here")


@pytest.mark.parametrize(
    ("end", "own_s", "expected"),
    [
        pytest.param((110.0, 60.0, 2.0), 10.0, (0.0, 0.0), id="alone"),
        pytest.param((110.0, 60.0, 2.0), 4.0, (0.3, 0.0), id="another program"),
        pytest.param((110.0, 56.0, 6.0), 6.0, (0.0, 0.4), id="a host that takes four seconds of ten"),
        pytest.param((110.0, 60.0, 2.0), 10.3, (0.0, 0.0), id="ticks that lag behind"),
        pytest.param((110.0, 50.1, 2.0), 0.0, (None, None), id="too short"),
        pytest.param((110.0, 50.0, 2.0), 9.0, (None, None), id="a system that does not count"),
    ],
)
def test_what_was_not_our_own_is_others(end, own_s, expected):
    load = load_during(START, ProcessorTimes(*end), own_s, 0.2, processors=2)
    assert load == MachineLoad(0.2, *(None if part is None else pytest.approx(part) for part in expected))


def test_a_system_that_says_nothing():
    assert load_during(None, None, 1.0, 0.2) == load_during(START, None, 1.0, 0.2) == MachineLoad(0.2)


def test_the_load_before_is_that_of_a_processor(monkeypatch):
    monkeypatch.setattr("os.getloadavg", lambda: (3.0, 2.0, 1.0), raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert load_before() == 0.75
    monkeypatch.delattr("os.getloadavg")
    assert load_before() is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("cpu  500 100 200 9000 800 10 20 30 400 0\ncpu0 1 2 3\n", (8.3, 0.3), id="linux"),
        pytest.param("cpu  1 2 3 4\n", None, id="an old system"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="no such file"),
    ],
)
def test_the_first_line_of_proc_stat(tmp_path, monkeypatch, text, expected):
    monkeypatch.setattr("os.sysconf", lambda name: 100, raising=False)
    path = tmp_path / "stat"
    if text is not None:
        path.write_text(text)
    times = processor_times(path)
    assert (None if times is None else (times.busy, times.stolen)) == (expected and pytest.approx(expected))


@needs_proc_stat
def test_a_busy_program_is_seen():
    start, own = processor_times(), process_time()
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            sleep(1.5)
            load = load_during(start, processor_times(), process_time() - own, None, processors=1)
        finally:
            busy.kill()
    assert load.others > 0.5
