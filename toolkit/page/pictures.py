"""JPEG pictures for those who watch: each made once, whoever many they are, and none while nobody watches."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from cnnkit.page.newest import Bell, Newest
from cnnkit.system import import_cv2

LONGEST_SIDE = 1280  # pixels
_QUALITY = 80  # of 100
_PERIOD_S = 1 / 15  # between the starts of two encodings: what a small machine can spare beside the model


@dataclass(frozen=True)
class Jpeg:
    """An encoded picture."""

    number: int  # of the picture, see Snapshot; 0: none yet
    frame: int | None  # of the source, where the person's program numbers them
    data: bytes


class Pictures:
    """Encodes the newest picture while somebody watches.

    Everything but `encode` happens in the server's event loop.
    """

    def __init__(self, newest: Newest, bell: Bell) -> None:
        self._newest = newest
        self._bell = bell
        self._done = Jpeg(0, None, b"")
        self._watchers = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Asks for pictures for as long as the context lasts."""
        self._watchers += 1
        self._bell.ring()
        try:
            yield
        finally:
            self._watchers -= 1

    async def at_least(self, number: int, timeout_s: float) -> Jpeg | None:
        """Waits for a picture with a number, or a newer one, and gives the newest; None after the time."""
        ready = await self._bell.until(lambda: self._done.number >= number, timeout_s)
        return self._done if ready else None

    async def run(self) -> None:
        """Encodes until it is cancelled."""
        while not self._bell.closed:
            await self._bell.until(lambda: self._watchers > 0 and self._newest.snapshot.picture > self._done.number)
            started = monotonic()
            await self._encode_newest()
            await asyncio.sleep(max(0.0, started + _PERIOD_S - monotonic()))

    async def _encode_newest(self) -> None:
        newest = self._newest.snapshot
        if newest.pixels is not None:
            data = await asyncio.to_thread(encode, newest.pixels)
            self._done = Jpeg(newest.picture, newest.state.frame, data)
            self._bell.ring()


def encode(pixels: NDArray[np.uint8]) -> bytes:
    """Makes a JPEG file of (H, W, 3) uint8 BGR, reduced so that its longest side has at most 1280 pixels."""
    cv2 = import_cv2()
    height, width = pixels.shape[:2]
    scale = LONGEST_SIDE / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return bytes(data)
