"""The epochs of a training as an event file that TensorBoard reads; needs neither TensorFlow nor Keras."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cnnkit.errors import OutputError

FOLDER = "tensorboard"
_FILE_NAME = "events.out.tfevents.cnnkit"  # TensorBoard looks for "tfevents"
_NOT_DRAWN = "epoch"  # the step of all others


class EventFile:
    """An event file with one point an epoch for each figure.

    What was there is replaced by the epochs so far, so that a training which goes on has no point twice.

    Args:
        run: The run folder.
        history: The epochs so far.
        clock: Gives seconds since 1970.

    Raises:
        OutputError: It cannot be written.
    """

    def __init__(
        self, run: Path, history: Sequence[Mapping[str, float]], clock: Callable[[], float] = time.time
    ) -> None:
        self.path, self._clock = run / FOLDER / _FILE_NAME, clock
        try:
            self.path.parent.mkdir(exist_ok=True)
            self.path.write_bytes(b"")
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror or error}") from error
        self._append(self._version())
        for row in history:
            self.add(row)

    def add(self, row: Mapping[str, float]) -> None:
        """Appends an epoch.

        Args:
            row: Its figures, as in history.csv; "epoch" counts from 1.

        Raises:
            OutputError: It cannot be written.
        """
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=name, simple_value=value) for name, value in row.items() if name != _NOT_DRAWN]
        self._append(self._event(step=int(row["epoch"]), summary=Summary(value=values)))

    def _version(self) -> Any:
        return self._event(file_version="brain.Event:2")

    def _event(self, **content: Any) -> Any:
        from tensorboard.compat.proto.event_pb2 import Event

        return Event(wall_time=self._clock(), **content)

    def _append(self, event: Any) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        try:
            with self.path.open("ab") as file:
                RecordWriter(file).write(event.SerializeToString())
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror or error}") from error
