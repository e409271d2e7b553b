"""Observations as rows of the machine formats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cnnkit.live.outputs import Observation
from cnnkit.report.predictions import RowWriter
from cnnkit.rows import PredictionRow
from cnnkit.view import SIGNAL_LOST


@dataclass(frozen=True)
class FrameRow(PredictionRow):
    """A row of a video: the outcome for one frame."""

    frame: int = 0  # its number in the source, from 0
    seconds: float = 0.0  # its time in the source

    def fields(self) -> dict[str, Any]:
        """Returns the row of the machine formats; seconds to the millisecond."""
        fields = super().fields()
        source = fields.pop("source")
        return {"source": source, "frame": self.frame, "seconds": round(self.seconds, 3), **fields}


class FrameLog:
    """Writes a row for each observation as it comes.

    Args:
        writer: Where rows go.
        source: What they call the source.
    """

    def __init__(self, writer: RowWriter, source: str) -> None:
        self._writer, self._source = writer, source

    def write(self, observation: Observation) -> None:
        """Writes the row of an observation; a frame that could not be read has an error and no label."""
        prediction, frame = observation.prediction, observation.frame
        error = None if prediction is not None else SIGNAL_LOST
        self._writer.write([FrameRow(self._source, prediction, error, frame.number, frame.seconds)])
