"""What the loop hands its observations to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cnnkit.classifier import Prediction
from cnnkit.sources.frames import Frame


@dataclass(frozen=True)
class Observation:
    """One frame and what the model says about it."""

    frame: Frame
    prediction: Prediction | None  # None: the frame could not be read, and nothing was classified


class Screen(Protocol):
    """A window, as `cnnkit.view.Window` is one."""

    def show(self, image: NDArray[np.uint8]) -> None:
        """Shows (H, W, 3) uint8 BGR."""
        ...

    def quit_requested(self) -> bool:
        """Handles events; true when the person wants to end."""
        ...


class Film(Protocol):
    """A recording, as `cnnkit.live.recording.Recorder` is one."""

    def write(self, image: NDArray[np.uint8], seconds: float) -> None:
        """Adds (H, W, 3) uint8 BGR as what is seen at `seconds` of the source's time."""
        ...


class Log(Protocol):
    """A list of results, as `cnnkit.live.rows.FrameLog` is one."""

    def write(self, observation: Observation) -> None:
        """Adds a row."""
        ...


@dataclass(frozen=True)
class Outputs:
    """Where observations go; None for nowhere."""

    screen: Screen | None = None
    film: Film | None = None
    log: Log | None = None

    @property
    def want_pictures(self) -> bool:
        """Whether anybody looks at the annotated frames."""
        return self.screen is not None or self.film is not None
