"""Observations as rows of the machine formats."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cnnkit.live.flapping import Losses, lost_more
from cnnkit.live.outputs import Observation
from cnnkit.report import PredictionRow, RowWriter
from cnnkit.view import SIGNAL_WORDS

_ROUNDING_S = 1e-6


@dataclass(frozen=True)
class LiveRow(PredictionRow):
    """A row of a live source: the outcome for one frame, how old it was, and how fast frames come and go."""

    camera: int | None = None  # from 1 on, where there are several
    time: str = ""  # when the frame was taken, as far as that is known: UTC, ISO 8601, milliseconds
    age_ms: float = 0.0
    capture_hz: float | None = None
    inference_hz: float | None = None

    def fields(self) -> dict[str, Any]:
        """Returns the row of the machine formats; times to a tenth of a millisecond, rates to a hundredth."""
        fields, rates = super().fields(), {"capture_hz": self.capture_hz, "inference_hz": self.inference_hz}
        return {
            **({} if self.camera is None else {"source": fields.pop("source"), "camera": self.camera}),
            **fields,
            "time": self.time,
            "age_ms": round(self.age_ms, 1),
            **{name: None if rate is None else round(rate, 2) for name, rate in rates.items()},
        }


class ChangeLog:
    """Writes a row whenever the label or the signal changes, or time is up; a signal that flaps is said once a minute.

    Args:
        writer: Where rows go.
        source: What they call the source.
        every_s: Seconds of the source after which a row is written in any case; 0 writes all, None changes alone.
        now_s: Seconds since 1970, UTC.
        camera: Its number, where there are several.
    """

    def __init__(
        self,
        writer: RowWriter,
        source: str,
        every_s: float | None = None,
        now_s: Callable[[], float] = time.time,
        camera: int | None = None,
    ) -> None:
        self._camera = camera
        self._writer, self._source, self._every_s, self._now_s = writer, source, every_s, now_s
        self._last: tuple[str, str | None] | None = None  # signal and label
        self._written_s = 0.0
        self._losses = Losses()

    def write(self, observation: Observation) -> None:
        """Writes the row of an observation, if it is due; without a picture it has an error and no label."""
        prediction, seconds = observation.prediction, observation.frame.seconds
        state = observation.signal, None if prediction is None else prediction.label
        lost = prediction is None
        if not lost:
            self._losses.over()
        if not self._is_due(seconds):
            if state == self._last and not self._losses.is_due(seconds):
                return
            if state != self._last and lost and self._losses.holds_back(seconds):
                return
        self._last, self._written_s = state, seconds
        self._writer.write([self._row(observation, self._losses.note_said(seconds, lost=lost))])

    def _row(self, observation: Observation, losses: int) -> LiveRow:
        prediction, frame = observation.prediction, observation.frame
        return LiveRow(
            self._source,
            prediction,
            None if prediction is not None else SIGNAL_WORDS[observation.signal],
            warning=lost_more(losses),
            frame=frame.number,
            seconds=round(frame.seconds, 3),
            camera=self._camera,
            time=utc_time(self._now_s() - observation.age_ms / 1000),
            age_ms=observation.age_ms,
            capture_hz=observation.capture_hz,
            inference_hz=observation.inference_hz,
        )

    def _is_due(self, seconds: float) -> bool:
        return self._every_s is not None and seconds - self._written_s >= self._every_s - _ROUNDING_S


def utc_time(seconds: float) -> str:
    """Returns seconds since 1970 as "2026-01-31T09:05:00.123Z"."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
