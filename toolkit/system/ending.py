"""A request to end is heard as Ctrl-C is: what is temporary is removed first, then the process dies of the signal."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGTERM", "SIGHUP")  # the second is the end of a terminal or connection; Windows has neither


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
