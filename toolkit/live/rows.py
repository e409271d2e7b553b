"""Observations as rows of the machine formats."""

from __future__ import annotations

from cnnkit.live.outputs import Observation
from cnnkit.report.row_writers import RowWriter
from cnnkit.rows import PredictionRow
from cnnkit.view import SIGNAL_LOST


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
        seconds = round(frame.seconds, 3)
        self._writer.write([PredictionRow(self._source, prediction, error, frame=frame.number, seconds=seconds)])
