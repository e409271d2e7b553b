"""Writers of prediction rows: JSON lines, a JSON list, CSV; each flushed with every batch."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Protocol

from cnnkit.report.columns import Columns, csv_lines
from cnnkit.report.json_output import to_json
from cnnkit.report.rows import PredictionRow

_quoted = json.JSONEncoder(ensure_ascii=False).encode
_quoted_label = lru_cache(1024)(_quoted)


class Sink(Protocol):
    """What rows are written to."""

    def write(self, data: bytes, /) -> int:
        """Writes some bytes."""
        ...

    def flush(self) -> None:
        """Hands on what was written."""
        ...


class RowWriter(Protocol):
    """Writes rows in one format."""

    def write(self, rows: Sequence[PredictionRow]) -> None:
        """Writes the rows of one batch."""
        ...

    def close(self) -> None:
        """Writes what comes after the last row."""
        ...


class JsonLinesWriter:
    """One JSON object a line."""

    def __init__(self, stream: Sink) -> None:
        self._stream = stream

    def write(self, rows: Sequence[PredictionRow]) -> None:
        """Writes the rows of one batch."""
        self._stream.write("".join([row_json(row) + "\n" for row in rows]).encode())
        self._stream.flush()

    def close(self) -> None:
        """Writes nothing more."""
        self._stream.flush()


class JsonWriter:
    """A JSON list, one element a line, written as the rows come."""

    def __init__(self, stream: Sink) -> None:
        self._stream = stream
        self._before = "[\n"

    def write(self, rows: Sequence[PredictionRow]) -> None:
        """Writes the rows of one batch."""
        for row in rows:
            self._stream.write((self._before + row_json(row)).encode())
            self._before = ",\n"
        self._stream.flush()

    def close(self) -> None:
        """Ends the list."""
        self._stream.write(b"[]\n" if self._before == "[\n" else b"\n]\n")
        self._stream.flush()


class CsvWriter:
    """CSV with one heading; bytes of a file name that are no UTF-8 come out as escapes.

    Args:
        stream: Where to.
        columns: Which.
        needs_heading: Says before the first row whether the heading is still to be written.
    """

    def __init__(self, stream: Sink, columns: Columns, needs_heading: Callable[[], bool]) -> None:
        self._stream, self._columns, self._needs_heading = stream, columns, needs_heading
        self._begun = False

    def write(self, rows: Sequence[PredictionRow]) -> None:
        """Writes the rows of one batch."""
        heading = [self._columns.heading()] if not self._begun and self._needs_heading() else []
        self._stream.write(csv_lines([*heading, *(self._columns.cells(row) for row in rows)]))
        self._stream.flush()
        self._begun = True

    def close(self) -> None:
        """Writes nothing more."""
        self._stream.flush()


def row_json(row: PredictionRow) -> str:
    """Returns `to_json(row.fields())`, of a row as they mostly are in half the time: that of tiny images is short."""
    prediction = row.prediction
    if prediction is None or row.warning or type(row) is not PredictionRow or len(row.identity()) > 1:
        return to_json(row.fields())
    top = ", ".join(
        [f'{{"label": {_quoted_label(label)}, "probability": {value!r}}}' for label, value in prediction.top]
    )
    text = (
        f'{{"source": {_quoted(row.source)}, "label": {_quoted_label(prediction.label)}, '
        f'"confidence": {prediction.confidence!r}, "top": [{top}], "error": null, "warning": null}}'
    )
    try:
        text.encode()
    except UnicodeEncodeError:
        return to_json(row.fields())
    return text
