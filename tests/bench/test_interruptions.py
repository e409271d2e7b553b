from __future__ import annotations

import os
import signal
import sys

import pytest

from cnnkit.bench.interruptions import interrupted_once, now_reporting

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals")


@pytest.fixture(autouse=True)
def _handlers():
    """Puts back what a signal left ignored."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_the_first_signal_interrupts_the_second_not_the_third_again():
    with pytest.raises(KeyboardInterrupt), interrupted_once():
        with pytest.raises(KeyboardInterrupt):
            interrupt()
        interrupt()
        interrupt()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN


def test_once_all_is_measured_even_the_first_signal_leaves_the_report_alone():
    with interrupted_once():
        now_reporting()
        interrupt()
        interrupt()


def test_without_a_signal_the_handlers_are_back():
    before = signal.getsignal(signal.SIGTERM)
    with interrupted_once():
        now_reporting()
    assert signal.getsignal(signal.SIGTERM) == before
