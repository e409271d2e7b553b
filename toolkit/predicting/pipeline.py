"""Loads images and answers them batch by batch, in order, on as many threads as pay.

Each of several threads takes a whole batch, and decodes and answers it alone, so that all processors work whether it is
decoding or the network that takes long; and a network on one thread wastes nothing on dividing its work. The first
images are timed to tell the rest:

- Batches are so small that each takes about a tenth of a second: none is left over at the end that others wait for.
- Small images are loaded by one thread at a time: that is mostly Python, which two threads do not do at once.

Where a model is not to be shared by threads, because a number of them was asked for, large images are decoded on
several threads and answered on one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from threading import Lock
from typing import Generic, TypeVar

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")
Answer = TypeVar("Answer")
Given = TypeVar("Given")
Done = TypeVar("Done")

_TRIED = 4  # images that tell how long one takes
_WORTH_A_THREAD = 0.002  # seconds an image
_BATCH_S = 0.1  # seconds that a batch takes about
_IMAGES_AHEAD, _BATCHES_AHEAD = 4, 1  # a thread, that may be ready before they are asked for


class Pipeline(Generic[Item, Loaded, Answer]):
    """What is done with each image, and with each batch.

    Args:
        load: Makes something of an item; safe to call on several threads.
        answer: Makes something of what was loaded of a batch; safe to call on several threads.
        batch_size: Items of a batch, but for the last one.
        sharing: Whether several batches may be answered at the same time.
        threads: How many there may be; None takes one a processor.
        before_threads: Is called once before they start, where they do.
        clock: Seconds.
    """

    def __init__(
        self,
        load: Callable[[Item], Loaded],
        answer: Callable[[list[Loaded]], Answer],
        batch_size: int,
        *,
        sharing: bool = True,
        threads: int | None = None,
        before_threads: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.load, self.answer, self.batch_size, self.sharing = load, answer, batch_size, sharing
        self.threads, self.before_threads, self.clock = threads, before_threads, clock
        # Of the threads that take whole batches one loads at a time, while the others answer: reading small files is
        # mostly Python, which two threads do not do at once, but slow each other down in taking turns.
        self._loading = Lock()

    def run(self, items: Iterable[Item]) -> Iterator[Answer]:
        """Yields the answers in the order of the items, which are taken as they are needed.

        An item waits only for others of its batch. What `load` and `answer` raise is raised here.
        """
        remaining, begun = iter(items), list[Loaded]()
        loading_s, answering_s = list[float](), list[float]()  # of each image
        for item in islice(remaining, _TRIED):
            begun.append(self._timed(self.load, item, loading_s))
            if len(begun) == self.batch_size:
                yield self._timed(self.answer, begun, answering_s)
                begun = []
        threads = self.threads or _processors()
        # The first one may have waited for OpenCV to be imported.
        each_s = sorted(loading_s)[_TRIED // 2] if len(loading_s) == _TRIED else 0.0
        large = each_s >= _WORTH_A_THREAD
        if len(loading_s) < _TRIED or threads < 2 or not (self.sharing or large):
            yield from self._answers(chain(begun, map(self.load, remaining)))
        elif not self.sharing:
            yield from self._answers(chain(begun, self._on_threads(self.load, remaining, threads, _IMAGES_AHEAD)))
        elif large:
            if begun:
                yield self._timed(self.answer, begun, answering_s)
            size = self._batch_size(each_s + answering_s[-1])
            yield from self._on_threads(self._alone, _batches(remaining, size), threads, _BATCHES_AHEAD)
        else:
            rest = islice(remaining, self.batch_size - len(begun))
            yield from self._answers(chain(begun, map(self.load, rest)))
            batches = _batches(remaining, self.batch_size)
            for answer in self._on_threads(self._in_turn, batches, threads, _BATCHES_AHEAD):
                with self._loading:  # held while whoever asked writes it down, which is mostly Python as well
                    yield answer

    def _timed(self, work: Callable[[Given], Done], given: Given, spent_s: list[float]) -> Done:
        """Does something with one item or a batch, and notes the seconds that each image took."""
        start = self.clock()
        done = work(given)
        spent_s.append((self.clock() - start) / (len(given) if isinstance(given, list) else 1))
        return done

    def _batch_size(self, seconds: float) -> int:
        """Returns how many images of so many seconds each make a batch."""
        return max(1, min(self.batch_size, round(_BATCH_S / seconds)))

    def _answers(self, loaded: Iterator[Loaded]) -> Iterator[Answer]:
        return map(self.answer, _batches(loaded, self.batch_size))

    def _alone(self, items: list[Item]) -> Answer:
        return self.answer([self.load(item) for item in items])

    def _in_turn(self, items: list[Item]) -> Answer:
        with self._loading:
            loaded = [self.load(item) for item in items]
        return self.answer(loaded)

    def _on_threads(
        self, work: Callable[[Given], Done], items: Iterator[Given], threads: int, ahead: int
    ) -> Iterator[Done]:
        for first in islice(items, 1):  # else there is nothing left to start threads for
            from cnnkit.predicting.threads import on_threads

            self.before_threads()
            yield from on_threads(work, chain((first,), items), threads=threads, ahead=ahead)


def _batches(items: Iterator[Given], size: int) -> Iterator[list[Given]]:
    while batch := list(islice(items, size)):
        yield batch


def _processors() -> int:
    """Returns how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
