"""Ctrl-C and the request to end: what was measured is reported first, and no measuring process stays behind."""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_PR_SET_PDEATHSIG = 1  # <sys/prctl.h>: the signal that a process gets when its parent ends
# SIGHUP: the terminal, or the connection to it, is gone.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_PATIENCE = 3  # signals; from the third one on the report is given up as well


_reporting = False


def now_reporting() -> None:
    """Says that all is measured: from now on a first signal does not interrupt either, as the report comes anyway."""
    global _reporting
    _reporting = True


@contextmanager
def interrupted_once() -> Iterator[None]:
    """Lets the first SIGINT, SIGTERM or SIGHUP interrupt the block, and the second one not: by then it is reporting.

    The third one interrupts that as well.
    After an interruption they are ignored beyond the block, where nothing is left but to end. `timeout`, CI and
    containers end a process by SIGTERM, which would leave the measuring processes running.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    global _reporting
    seen, _reporting = 0, False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal seen
        seen += 1
        if (seen == 1 and not _reporting) or seen >= _PATIENCE:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if seen else handler)


def end_with_parent() -> None:
    """Ends this process when its parent ends, however that ends, and in the middle of an inference; on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
