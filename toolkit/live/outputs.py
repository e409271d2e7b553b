"""What the loop hands its observations to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cnnkit.classifier import Prediction
from cnnkit.live.region import Box
from cnnkit.live.signal_watch import Signal
from cnnkit.sources import Frame
from cnnkit.view import Command


@dataclass(frozen=True)
class Observation:
    """One frame and what the model says about it."""

    frame: Frame
    signal: Signal
    prediction: Prediction | None  # None unless the signal is live: nothing was classified
    age_ms: float  # of the frame at its label, since it was taken as far as that is known
    inference_hz: float | None = None  # frames classified a second; None while unknown
    capture_hz: float | None = None  # frames the source gives a second
    box: Box | None = None  # the part that was classified; None for the whole frame


class Screen(Protocol):
    """A window, as `cnnkit.view.Window` is one."""

    def show(self, image: NDArray[np.uint8]) -> None:
        """Shows (H, W, 3) uint8 BGR."""
        ...

    def command(self) -> Command | None:
        """Handles events, and returns what the person asks for, if anything."""
        ...


class Film(Protocol):
    """A recording that can be switched on and off, as `cnnkit.live.filming.FilmSwitch` is one."""

    @property
    def running(self) -> bool:
        """Whether it takes pictures now."""
        ...

    def write(self, image: NDArray[np.uint8], seconds: float) -> None:
        """Adds (H, W, 3) uint8 BGR as what is seen at `seconds` of the source's time."""
        ...

    def toggle(self) -> None:
        """Begins a recording, or ends the one that runs."""
        ...


class Watcher(Protocol):
    """Is told of every observation: a log, a page."""

    def write(self, observation: Observation) -> None:
        """Takes one; the label in it has just become known."""
        ...


@dataclass(frozen=True)
class Outputs:
    """Where observations go; None for nowhere."""

    screen: Screen | None = None
    film: Film | None = None
    watchers: Sequence[Watcher] = ()

    @property
    def want_pictures(self) -> bool:
        """Whether anybody looks at the annotated frames."""
        return self.screen is not None or (self.film is not None and self.film.running)
