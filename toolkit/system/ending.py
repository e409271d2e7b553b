"""A request to end is heard as Ctrl-C is: what is temporary is removed first, then the process dies of the signal."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_NAMES = ("SIGTERM", "SIGHUP")  # the second is the end of a terminal or connection; Windows has neither
_OURS = "cnnkit-"  # how the names of our threads begin


class Ended(BaseException):
    """A signal asks the process to end; no `Exception`, so that nothing that handles errors takes it for one.

    Args:
        number: Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.number = number


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Lets the first SIGTERM or SIGHUP leave the block as Ctrl-C does, and die of it after that; a second one at once.

    Whoever started the process sees that it died of the signal, as it does without this. Signals that are ignored
    (nohup) or handled already are left alone, and so are all of them outside the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise Ended(number)

    known = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    ours = [number for number in known if signal.getsignal(number) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    except Ended as ended:
        os.kill(os.getpid(), ended.number)
        raise  # where the signal is blocked
    finally:
        for number in ours:
            if signal.getsignal(number) is end:  # and not ignored by now, as after a report of cnnkit bench
                signal.signal(number, signal.SIG_DFL)


@contextmanager
def hanging_threads_left_behind() -> Iterator[None]:
    """Ends the process at once behind the block where threads of ours still hang in a driver or a connection.

    The interpreter would stop them in the midst of a library's code, which aborts the process. For command lines alone:
    where stdout is not the process's own, as in tests, nothing is done.
    """
    is_own = sys.stdout is sys.__stdout__  # before a thread that imports something turns it elsewhere for a moment
    try:
        yield
    except SystemExit as ended:
        if is_own and any(thread.name.startswith(_OURS) for thread in threading.enumerate()):
            for stream in (sys.stdout, sys.stderr):
                with suppress(AttributeError, OSError, ValueError):  # closed by whoever started the process
                    stream.flush()
            os._exit(ended.code if isinstance(ended.code, int) else ended.code is not None)
        raise
