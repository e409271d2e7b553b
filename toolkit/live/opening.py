"""Work that may take long, such as opening an address, and that a signal does not wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

Result = TypeVar("Result")

_LOOK_S = 0.1  # between two looks at whether to stop


def unless_stopped(work: Callable[[], Result], stop: threading.Event) -> Result | None:
    """Does something in a thread of its own.

    Args:
        work: What to do; it goes on where nobody waits for it any more, and ends with the process.
        stop: Ends the waiting.

    Returns:
        What it returns; None where `stop` was set before.

    Raises:
        Exception: What it raises.
    """
    done: SimpleQueue[tuple[Result | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            done.put((work(), None))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            done.put((None, error))

    threading.Thread(target=run, name="cnnkit-opening", daemon=True).start()
    while not stop.is_set():
        try:
            result, error = done.get(timeout=_LOOK_S)
        except Empty:
            continue
        if error is not None:
            raise error
        return result
    return None
