"""The newest picture and state, and the bell that tells the server's event loop of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock
from time import monotonic_ns

import numpy as np
from numpy.typing import NDArray

from cnnkit.measuring import Clock
from cnnkit.page.state import WAITING, PageState, to_json


@dataclass(frozen=True)
class Snapshot:
    """Everything that was published last."""

    state: PageState
    number: int  # of the state; 0: nothing was published
    published_ns: int
    signal_since_ns: int  # when the signal became what it is
    pixels: NDArray[np.uint8] | None  # (H, W, 3) uint8 BGR; older than the state where that came without a picture
    picture: int  # number of the picture; 0: there was none


class Newest:
    """Keeps the newest snapshot alone, so that memory does not grow with what nobody fetches.

    Args:
        clock: Nanoseconds.
    """

    def __init__(self, clock: Clock = monotonic_ns) -> None:
        self._clock = clock
        self._writing = Lock()
        self._snapshot = Snapshot(WAITING, 0, clock(), clock(), None, 0)

    @property
    def snapshot(self) -> Snapshot:
        """The newest; another one takes its place as a whole, so that readers need no lock."""
        return self._snapshot

    def put(self, pixels: NDArray[np.uint8] | None, state: PageState) -> None:
        """Takes the place of what was there; without pixels the last picture stays."""
        now = self._clock()
        with self._writing:
            last = self._snapshot
            since = last.signal_since_ns if state.signal == last.state.signal else now
            new = replace(last, state=state, number=last.number + 1, published_ns=now, signal_since_ns=since)
            if pixels is not None:
                new = replace(new, pixels=pixels, picture=last.picture + 1)
            self._snapshot = new

    def to_json(self) -> str:
        """Writes the newest state with its age as one line."""
        now, newest = self._clock(), self._snapshot
        since_ms = (now - newest.published_ns) / 1e6 if newest.number else None
        return to_json(newest.state, since_ms=since_ms, signal_s=(now - newest.signal_since_ns) / 1e9)


class Bell:
    """Wakes every coroutine that waits for something, from any thread.

    However often it rings, at most one call is on its way to the event loop: a busy loop gathers no backlog.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        self._on_its_way = False
        self.closed = False

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Names the loop in which coroutines wait."""
        self._loop = loop

    def ring(self) -> None:
        """Has everybody look again; from any thread, at any time."""
        if self._loop is None or self._on_its_way:
            return
        self._on_its_way = True
        with suppress(RuntimeError):  # the loop was closed in this very moment: nobody waits any more
            self._loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """Ends all waiting for good."""
        self.closed = True
        self.ring()

    async def until(self, ready: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Waits.

        Args:
            ready: What to wait for.
            timeout_s: How long; None for ever.

        Returns:
            Whether it is ready; false after the time, and when the bell was closed.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not (self.closed or ready()):
                    await self._event.wait()
                return not self.closed
        return False

    def _wake(self) -> None:
        self._on_its_way = False  # first: what is published from here on rings again
        woken, self._event = self._event, asyncio.Event()
        woken.set()
