"""Prediction rows as a table, JSON, JSON lines or CSV, on stdout or in a file, as they come."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from cnnkit.classifier import Prediction
from cnnkit.errors import OutputError
from cnnkit.messages import log
from cnnkit.report.json_output import to_json
from cnnkit.report.tables import plain_table, print_table
from cnnkit.rows import PredictionRow, printable, short_float

Format = Literal["table", "json", "jsonl", "csv"]
STDOUT = Path("-")


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


@contextmanager
def open_report(
    style: Format, output: Path | None = None, *, overwrite: bool = False, top_k: int = 5, resume: bool = False
) -> Iterator[RowWriter]:
    """Opens a writer for rows; it is closed when the block ends well.

    JSON lines and CSV go to the file as they come and what was written stays on an error; a table or a JSON list
    appears whole or not at all.

    Args:
        style: The format.
        output: A file; None or "-" is stdout.
        overwrite: Whether a file that exists may be replaced.
        top_k: Candidates a row, for the columns of CSV and the headings of tables.
        resume: Whether rows are added to those of a file that exists; of JSON lines and CSV only.

    Raises:
        OutputError: The file exists already, or cannot be written.
    """
    begun = resume and output is not None and output.is_file() and output.stat().st_size > 0
    with _open_sink(style, output, overwrite=overwrite or resume, mode="ab" if begun else None) as sink:
        writer = _make_writer(style, sink, top_k, heading=not begun)
        yield writer
        writer.close()


def csv_heading(top_k: int) -> tuple[str, ...]:
    """Returns the columns of CSV."""
    names = (name for rank in range(1, top_k + 1) for name in (f"label_{rank}", f"probability_{rank}"))
    return ("source", "label", "confidence", *names, "error")


def csv_lines(rows: Sequence[Sequence[object]]) -> bytes:
    """Returns rows as CSV; bytes of a file name that are no UTF-8 come out as escapes."""
    import csv
    import io

    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode(errors="backslashreplace")


def _make_writer(style: Format, sink: Sink | None, top_k: int, *, heading: bool) -> RowWriter:
    if style == "table":
        return _TableWriter(sink, top_k)
    stream = sink or sys.stdout.buffer
    if style == "csv":
        return _CsvWriter(stream, top_k, heading=heading)
    return _JsonWriter(stream) if style == "json" else _JsonLinesWriter(stream)


@contextmanager
def _open_sink(
    style: Format, output: Path | None, *, overwrite: bool, mode: Literal["ab"] | None
) -> Iterator[Sink | None]:
    if output is None or output == STDOUT:
        yield None
        return
    from cnnkit.files import check_new_file, whole_file

    check_new_file(output, overwrite=overwrite)
    # Devices and pipes are never replaced by a file of their name.
    if style in ("table", "json") and (output.is_file() or not output.exists()):
        with whole_file(output) as temporary, temporary.open("wb") as file:
            yield file
        return
    with closing(_LateFile(output, mode or ("wb" if overwrite or output.exists() else "xb"))) as file:
        yield file


class _LateFile:
    """A file that is opened when something is written: without a first row, an earlier file stays what it was."""

    def __init__(self, path: Path, mode: Literal["wb", "xb", "ab"]) -> None:
        self._path, self._mode = path, mode
        self._file: BinaryIO | None = None

    def write(self, data: bytes, /) -> int:
        if self._file is None:
            try:
                self._file = self._path.open(self._mode)
            except OSError as error:
                raise OutputError(f"cannot write {self._path}: {error.strerror or error}") from error
        return self._file.write(data)

    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class _TableWriter:
    """Prints the good rows at the end, since columns are as wide as their widest cell; failures at once on stderr."""

    def __init__(self, sink: Sink | None, top_k: int) -> None:
        self._sink = sink
        self._top_k = top_k
        self._rows: list[tuple[str, Prediction]] = []
        self._seen = 0

    def write(self, rows: Sequence[PredictionRow]) -> None:
        self._seen += len(rows)
        for row in rows:
            if row.prediction is None:
                log.error("%s: %s", row.shown, row.error)
            else:
                self._rows.append((row.shown, row.prediction))

    def close(self) -> None:
        if not self._rows and self._sink is None:
            return  # the lines on stderr say it all
        if self._rows and self._seen == 1:
            self._print(*_one_image(*self._rows[0]))
        else:
            columns = ("image", "label", ">confidence", f"top {self._top_k}")
            self._print(columns, [_cells(source, prediction) for source, prediction in self._rows], "")

    def _print(self, columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
        if self._sink is None:
            print_table(columns, rows, title=title)
        else:
            self._sink.write((plain_table(columns, rows, title=title) + "\n").encode())


def _one_image(source: str, prediction: Prediction) -> tuple[Sequence[str], Sequence[Sequence[str]], str]:
    rows = [(printable(candidate.label), _percent(candidate.probability)) for candidate in prediction.top]
    likeliest = prediction.top[0].label
    title = source if prediction.label == likeliest else f"{source}: {prediction.label}"
    return ("label", ">probability"), rows, title


def _cells(source: str, prediction: Prediction) -> tuple[str, ...]:
    top = ", ".join(f"{printable(item.label)} {_percent(item.probability)}" for item in prediction.top)
    return source, printable(prediction.label), _percent(prediction.confidence), top


def _percent(probability: float) -> str:
    return f"{probability:.1%}".replace("%", " %")


class _JsonLinesWriter:
    """One JSON object a line, flushed with each batch."""

    def __init__(self, stream: Sink) -> None:
        self._stream = stream

    def write(self, rows: Sequence[PredictionRow]) -> None:
        self._stream.write("".join(to_json(row.fields()) + "\n" for row in rows).encode())
        self._stream.flush()

    def close(self) -> None:
        self._stream.flush()


class _JsonWriter:
    """A JSON list, one element a line, written as the rows come."""

    def __init__(self, stream: Sink) -> None:
        self._stream = stream
        self._before = "[\n"

    def write(self, rows: Sequence[PredictionRow]) -> None:
        for row in rows:
            self._stream.write((self._before + to_json(row.fields())).encode())
            self._before = ",\n"
        self._stream.flush()

    def close(self) -> None:
        self._stream.write(b"[]\n" if self._before == "[\n" else b"\n]\n")
        self._stream.flush()


class _CsvWriter:
    """CSV with one heading, flushed with each batch; bytes of a file name that are no UTF-8 come out as escapes."""

    def __init__(self, stream: Sink, top_k: int, *, heading: bool) -> None:
        self._stream = stream
        self._top_k = top_k
        self._heading: list[Sequence[object]] = [csv_heading(top_k)] if heading else []

    def write(self, rows: Sequence[PredictionRow]) -> None:
        self._stream.write(csv_lines([*self._heading, *(self._cells(row) for row in rows)]))
        self._stream.flush()
        self._heading = []

    def close(self) -> None:
        self._stream.flush()

    def _cells(self, row: PredictionRow) -> tuple[object, ...]:
        if row.prediction is None:
            return row.source, "", "", *[""] * (2 * self._top_k), row.error
        pairs = ((item.label, short_float(item.probability)) for item in row.prediction.top)
        top = [cell for pair in pairs for cell in pair]
        filling = [""] * (2 * self._top_k - len(top))
        return row.source, row.prediction.label, short_float(row.prediction.confidence), *top, *filling, ""
