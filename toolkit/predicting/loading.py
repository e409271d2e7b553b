"""Image files made ready for a model, ahead of their use: on several threads where that pays."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")

_TRIED = 4  # files that tell how long one takes
# Seconds a file. Handing one over to a thread and back costs some 50 us and Python's lock: files of 32 x 32 pixels are
# read at half the speed by a pool, photos of some hundred thousand pixels and more twice as fast by two threads.
_WORTH_A_THREAD = 0.002
_AHEAD = 4  # files a thread that may be ready before they are asked for


def load_ahead(
    load: Callable[[Item], Loaded],
    items: Iterable[Item],
    *,
    threads: int | None = None,
    before_threads: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Loaded]:
    """Loads items in their order, some ahead of their use where the first ones take long enough.

    Args:
        load: Makes something of an item; it must be safe to call on several threads.
        items: Taken one by one as they are needed.
        threads: How many load; None takes one a processor.
        before_threads: Is called once, before they start, where it was found that they pay.
        clock: Where the time comes from, in seconds.

    Yields:
        What `load` returns, in the order of the items. What it raises is raised here.
    """
    remaining = iter(items)
    spent, tried = 0.0, 0
    for item in islice(remaining, _TRIED):
        start = clock()
        loaded = load(item)
        spent, tried = spent + clock() - start, tried + 1
        yield loaded
    count = threads or _processors()
    if tried < _TRIED or count < 2 or spent < tried * _WORTH_A_THREAD:
        yield from map(load, remaining)
    else:
        for item in islice(remaining, 1):  # else there is nothing left to start threads for
            before_threads()
            yield from _on_threads(load, chain((item,), remaining), count)


def _processors() -> int:
    """Returns how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _on_threads(load: Callable[[Item], Loaded], items: Iterator[Item], threads: int) -> Iterator[Loaded]:
    from concurrent.futures import Future, ThreadPoolExecutor

    with ThreadPoolExecutor(threads, thread_name_prefix="cnnkit-load") as pool:
        waiting: deque[Future[Loaded]] = deque(pool.submit(load, item) for item in islice(items, _AHEAD * threads))
        try:
            while waiting:
                loaded = waiting.popleft().result()
                waiting.extend(pool.submit(load, item) for item in islice(items, 1))
                yield loaded
        finally:
            for future in waiting:
                future.cancel()
