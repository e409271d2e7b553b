"""Ctrl-C and its relatives end a loop between two frames, so that every file is closed whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # not all of them on each system


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Gives an event that Ctrl-C or a request to terminate sets; a second one does what it does elsewhere.

    Outside the main thread, which alone may handle signals, the event is only given.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    previous = {number: signal.getsignal(number) for number in _numbers()}

    def handle(number: int, _: FrameType | None) -> None:
        stop.set()
        _restore(previous)

    for number in previous:
        signal.signal(number, handle)
    try:
        yield stop
    finally:
        _restore(previous)


def _numbers() -> list[signal.Signals]:
    known = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    # A process that was started to outlive its terminal (nohup) ignores SIGHUP, and keeps to it.
    return [number for number in known if number.name != "SIGHUP" or signal.getsignal(number) != signal.SIG_IGN]


def _restore(previous: Mapping[signal.Signals, object]) -> None:
    for number, handler in previous.items():
        if handler is not None:
            signal.signal(number, handler)  # type: ignore[arg-type]
