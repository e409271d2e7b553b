"""Cameras that send JPEG files: one after another in a response without an end, or one whenever it is asked for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from http.client import HTTPException
from typing import Any, Protocol

from cnnkit.errors import ImageError
from cnnkit.images import decode_image
from cnnkit.sources.moving.shots import ENDED, WAITING, Shot
from cnnkit.system import import_cv2

_PART = 2**16


class Splitter(Protocol):
    """Takes apart what comes in."""

    def feed(self, data: bytes) -> Iterable[bytes]:
        """Takes bytes, and gives the files that they complete."""
        ...


class StreamOfPictures:
    """Reads JPEG files out of something that is read.

    Args:
        read: Gives what has come, at most so many bytes; nothing at the end.
        splitter: Takes it apart.
        close: Gives the connection back.
    """

    def __init__(self, read: Callable[[int], bytes], splitter: Splitter, close: Callable[[], None]) -> None:
        self._read, self._splitter, self._close = read, splitter, close
        self._files: deque[bytes] = deque()
        self._came_s = 0.0

    def read(self) -> Shot:
        while not self._files:
            try:
                data = self._read(_PART)
            except (OSError, ValueError, HTTPException):
                return ENDED
            if not data:
                return ENDED
            self._came_s = time.perf_counter()
            self._files.extend(self._splitter.feed(data))
        return decoded_shot(self._files.popleft(), self._came_s)

    def release(self) -> None:
        self._close()


class PolledPictures:
    """Asks for one picture after another.

    Args:
        fetch: Gives a picture's file.
        period_s: Seconds from one to the next.
        first: What was fetched already; None for nothing.
        clock: Seconds.
    """

    def __init__(
        self,
        fetch: Callable[[], bytes],
        period_s: float,
        first: bytes | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._fetch, self._period_s, self._first, self._clock = fetch, period_s, first, clock
        self._due_s = clock()

    def read(self) -> Shot:
        now_s = self._clock()
        if now_s < self._due_s:
            return WAITING
        self._due_s = max(self._due_s + self._period_s, now_s)
        data, self._first = self._first, None
        try:
            return decoded_shot(self._fetch() if data is None else data, now_s)
        except ImageError:
            return Shot(None)

    def release(self) -> None:
        """There is nothing to give back between two pictures."""


def decoded_shot(data: bytes, came_s: float) -> Shot:
    """Decodes a picture's file.

    Args:
        data: Any image file.
        came_s: `time.perf_counter` when it was there.
    """
    try:
        image = decode_image(data, "picture").sound("picture")
    except ImageError:
        return Shot(None, damaged=True, decoding_s=time.perf_counter() - came_s)
    cv2: Any = import_cv2()
    pixels = cv2.cvtColor(image.pixels, cv2.COLOR_RGB2BGR)
    return Shot(pixels, decoding_s=time.perf_counter() - came_s)
