"""Work on several threads, whose results come in the order of what they were made of."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Full, Queue
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_LOOK_S = 0.1  # how long it may take to be noticed that nobody wants more


def on_threads(work: Callable[[Item], Result], items: Iterator[Item], *, threads: int, ahead: int) -> Iterator[Result]:
    """Does something with each item, some ahead of their use.

    The items are taken on a thread of their own: where they come slowly, through a pipe, nothing that is ready waits.

    Args:
        work: Safe to call on several threads.
        items: Taken as they are needed.
        threads: How many work.
        ahead: Results a thread that may be ready before they are asked for.

    Yields:
        What `work` returns, in the order of the items. What it or `items` raise is raised here.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="cnnkit-work")
    feeder = _Feeder((pool.submit(work, item) for item in items), ahead * threads)
    try:
        for future in feeder.futures():
            yield future.result()
    finally:
        feeder.stop()
        pool.shutdown(cancel_futures=True)


class _Feeder(Generic[Result]):
    """Submits work on a thread of its own, as long as not too much of it is waiting.

    Args:
        futures: Each is submitted when it is taken.
        most: How many may wait.
    """

    def __init__(self, futures: Iterator[Future[Result]], most: int) -> None:
        self._futures = futures
        self._waiting: Queue[Future[Result] | None] = Queue(most)
        self._stopped = threading.Event()
        self._error: BaseException | None = None
        # A daemon, since items may wait for ever for what nobody writes into a pipe.
        threading.Thread(target=self._feed, name="cnnkit-feeder", daemon=True).start()

    def futures(self) -> Iterator[Future[Result]]:
        """Gives them in their order, and raises what taking them raised."""
        while (future := self._waiting.get()) is not None:
            yield future
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Submits no more."""
        self._stopped.set()

    def _feed(self) -> None:
        try:
            for future in self._futures:
                if not self._put(future):
                    return
        except Exception as error:  # noqa: BLE001 - it is raised in the thread that asks
            self._error = error
        self._put(None)

    def _put(self, future: Future[Result] | None) -> bool:
        while not self._stopped.is_set():
            try:
                self._waiting.put(future, timeout=_LOOK_S)
            except Full:
                continue
            return True
        return False
