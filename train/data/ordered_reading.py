"""Work on threads with results in order, and never more than a few of them ahead of who takes them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Generic, TypeVar

Given = TypeVar("Given")
Result = TypeVar("Result")

_MOST_THREADS = 16
_AHEAD = 2  # batches


def thread_count() -> int:
    """Returns how many threads decode images: one for each core that this process may use, 16 at most."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, _MOST_THREADS))


@cache
def decoding_pool() -> ThreadPoolExecutor:
    """Returns the threads on which images are decoded: OpenCV lets go of Python's lock meanwhile."""
    return ThreadPoolExecutor(thread_count(), thread_name_prefix="cnnkit-decode")


def map_in_order(function: Callable[[Given], Result], items: Sequence[Given]) -> Iterator[Result]:
    """Gives the results of a function in the order of its items, up to twice as many as threads ahead.

    When the iterator is closed, or the function raises, what has not begun is dropped.
    """
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(decoding_pool().submit(function, item))
            if len(waiting) > 2 * thread_count():
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


class ReadAhead(Generic[Result]):
    """Makes the results for 0, 1, 2, ... on a thread of its own, two ahead of the one that is taken.

    Args:
        make: From an index to its result.
        count: How many there are.
    """

    def __init__(self, make: Callable[[int], Result], count: int) -> None:
        self._make, self._count = make, count
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cnnkit-read-ahead")
        self._waiting: deque[tuple[int, Future[Result]]] = deque()

    def take(self, index: int) -> Result:
        """Returns a result; any index may follow any other, but only the next one is there already."""
        if not self._waiting or self._waiting[0][0] != index:
            self._drop()
            for following in range(index, min(index + 1 + _AHEAD, self._count)):
                self._submit(following)
        _, future = self._waiting.popleft()
        following = index + 1 + _AHEAD
        if following < self._count and (not self._waiting or self._waiting[-1][0] < following):
            self._submit(following)
        return future.result()

    def _submit(self, index: int) -> None:
        self._waiting.append((index, self._thread.submit(self._make, index)))

    def _drop(self) -> None:
        while self._waiting:
            self._waiting.popleft()[1].cancel()
