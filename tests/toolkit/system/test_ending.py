"""SIGTERM and SIGHUP leave a block as Ctrl-C does, and the process dies of them."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from cnnkit.system.ending import Ended, ended_by_signals

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals")
PROCESS = """\
import signal, sys, time
from cnnkit.system.ending import ended_by_signals
{before}
with ended_by_signals():
    try:
        print("here", flush=True)
        time.sleep(20)
    finally:
        print("removed", flush=True)
        {after}
print("went on", flush=True)
"""


def run(number: signal.Signals, before: str = "", after: str = "pass") -> tuple[int, list[str]]:
    """Sends a process a signal; returns its exit code and what it printed."""
    code = PROCESS.format(before=before, after=after)
    lines = []
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        process.send_signal(number)
        for line in process.stdout:
            lines.append(line.strip())
            if line == "removed\n" and after != "pass":
                process.send_signal(number)
    return process.returncode, lines


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_the_block_is_left_and_the_process_dies_of_the_signal(number: signal.Signals) -> None:
    assert run(number) == (-number, ["removed"])


def test_a_second_signal_ends_it_at_once() -> None:
    assert run(signal.SIGTERM, after="time.sleep(20)") == (-signal.SIGTERM, ["removed"])


def test_an_ignored_signal_stays_ignored() -> None:
    before = "signal.signal(signal.SIGHUP, signal.SIG_IGN)\ntime.sleep = lambda _: signal.raise_signal(signal.SIGHUP)"
    assert run(signal.SIGHUP, before) == (0, ["removed", "went on"])


def test_handlers_are_as_before() -> None:
    names = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    before = [signal.getsignal(number) for number in names]
    with ended_by_signals():
        assert signal.getsignal(signal.SIGTERM) is not before[0]
        assert signal.getsignal(signal.SIGINT) is before[2]
    assert [signal.getsignal(number) for number in names] == before


def test_a_handler_that_is_there_already_is_kept() -> None:
    def own(*_: object) -> None:
        raise AssertionError

    before = signal.signal(signal.SIGTERM, own)
    try:
        with ended_by_signals():
            assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_signal_that_is_ignored_meanwhile_stays_so() -> None:
    """As after an interrupted `cnnkit bench`, which has nothing left to do but to end."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        with ended_by_signals():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_other_threads_leave_signals_alone() -> None:
    before, seen = signal.getsignal(signal.SIGTERM), []

    def work() -> None:
        with ended_by_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_nothing_that_handles_errors_catches_it() -> None:
    assert not issubclass(Ended, Exception)
    assert str(Ended(signal.SIGTERM)) == "ended by SIGTERM"


HANGING = """\
import atexit, sys, threading, time
from cnnkit.system.ending import hanging_threads_left_behind
atexit.register(print, "the interpreter ended")
threading.Thread(target=time.sleep, args=(60,), name={name!r}, daemon=True).start()
with hanging_threads_left_behind():
    print("said")
    sys.exit({code!r})
"""


@pytest.mark.parametrize(
    ("name", "code", "exit_code", "said"),
    [
        ("cnnkit-reader", 0, 0, "said\n"),
        ("cnnkit-reader", None, 0, "said\n"),
        ("cnnkit-reader", 3, 3, "said\n"),
        ("cnnkit-reader", "why", 1, "said\n"),
        ("another", 3, 3, "said\nthe interpreter ended\n"),
    ],
)
def test_a_thread_that_hangs_is_left_behind(name: str, code: object, exit_code: int, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGING.format(name=name, code=code)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (exit_code, said)
