"""A camera's pace: an image every so many milliseconds, with idle time between that cools caches and clock rates."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from cnnkit.measuring import Clock, no_garbage_collection


@dataclass(frozen=True)
class Paced:
    """Inferences at a camera's pace."""

    times_ms: list[float]  # of each inference from its start, in the order of running; a late one waited besides
    dropped: int  # frames that came while an earlier one was in work, and were replaced by a newer one


def time_paced(
    call: Callable[[], object], fps: float, runs: int, *, clock: Clock, sleep: Callable[[float], object] = time.sleep
) -> Paced:
    """Times calls that begin when a frame comes, as a live view makes them: of waiting frames only the newest is taken.


    Args:
        call: What to time; it must have finished its work when it returns.
        fps: Frames a second.
        runs: How many calls.
        clock: Where the time comes from.
        sleep: Waits some seconds.
    """
    period = 1e9 / fps
    first = clock()
    frame, dropped = 0, 0
    times: list[float] = []
    with no_garbage_collection():
        while len(times) < runs:
            wait = first + frame * period - clock()
            if wait > 0:
                sleep(wait / 1e9)
            start = clock()
            call()
            end = clock()
            times.append((end - start) / 1e6)
            newest = int((end - first) // period)  # the last frame that has come by now
            dropped += max(0, newest - frame - 1)
            frame = max(frame + 1, newest)
    return Paced(times, dropped)
