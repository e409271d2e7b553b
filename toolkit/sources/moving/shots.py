"""What one read of a camera, a film or a stream gives, whoever decodes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Shot:
    """One picture, or the reason why there is none."""

    pixels: NDArray[np.uint8] | None  # (H, W, 3) BGR; None where there is none, or none that is whole
    at_s: float | None = None  # when it was taken by the source's own clock; None where it does not say
    damaged: bool = False  # there is a picture, but torn, or with parts made up by the decoder
    ended: bool = False  # nothing will come any more: the file's end, or a connection that is gone
    waiting: bool = False  # it is not time yet: ask again in a moment
    decoding_s: float = 0.0  # how long ago its bytes were there


ENDED = Shot(None, ended=True)
WAITING = Shot(None, waiting=True)


class Capture(Protocol):
    """Something open that gives pictures."""

    def read(self) -> Shot:
        """Waits for the next picture."""
        ...

    def release(self) -> None:
        """Gives the device, file or connection back."""
        ...


@dataclass(frozen=True)
class Opened:
    """A capture, and what it says of itself."""

    capture: Capture
    rate_hz: float | None = None  # frames a second; None where it does not say
    promised_frames: int = 0  # 0 for what has no known end: cameras and live streams
    timed: bool = False  # a live source whose pictures carry its own time
    segmented: bool = False  # a live source whose pictures come many at once, as with HLS
    recorded: bool = False  # it has an end
    final: bool = False  # a live source that cannot be opened again, such as a pipe
    period_s: float = 0.0  # seconds from one picture to the next, where they are asked for; else 0


@dataclass(frozen=True)
class TimeLimits:
    """How long a source may take, in seconds."""

    open_s: float = 10.0  # to answer
    read_s: float = 3.0  # to send the next picture, after which it is opened again
    stall_s: float = 1.0  # without a picture, after which the signal is lost; nothing older is shown as live
    adapts: bool = True  # whether the last two are longer for a camera whose pictures come slowly, but steadily


USUAL_LIMITS = TimeLimits()

_HIGHEST_RATE_HZ = 1000.0


def sane_rate(rate_hz: float) -> float | None:
    """Drivers and containers answer 0, NaN or the ticks of a time base when they do not know."""
    return rate_hz if 0 < rate_hz <= _HIGHEST_RATE_HZ else None
