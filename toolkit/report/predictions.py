"""Prediction rows as a table, JSON, JSON lines, CSV or Parquet, on stdout or in a file, as they come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cnnkit.errors import UsageError
from cnnkit.report.columns import Columns
from cnnkit.report.output_file import OutputFile
from cnnkit.report.prediction_table import TableWriter
from cnnkit.report.row_writers import CsvWriter, JsonLinesWriter, JsonWriter, RowWriter, Sink
from cnnkit.system import data_stdout

Format = Literal["table", "json", "jsonl", "csv", "parquet"]
STDOUT = Path("-")


@dataclass(frozen=True)
class ReportOptions:
    """Where rows go, and how."""

    style: Format = "table"
    output: Path | None = None  # a file; None or "-" is stdout
    overwrite: bool = False  # whether a file that exists may be replaced
    columns: Columns = field(default_factory=Columns)
    models: tuple[str, ...] = ()  # where several answer: their names, in the order of the rows of each image

    @property
    def to_stdout(self) -> bool:
        """Whether rows go to stdout."""
        return self.output is None or self.output == STDOUT


@contextmanager
def open_report(options: ReportOptions, begun: OutputFile | None = None) -> Iterator[RowWriter]:
    """Opens a writer for rows; it is closed when the block ends well.

    JSON lines and CSV go to the file as they come and what was written stays on an error; a table, a JSON list or a
    Parquet file appears whole or not at all.

    Args:
        options: See there.
        begun: The file of an interrupted run, to which rows are added; of JSON lines and CSV only.

    Raises:
        OutputError: The file exists already, or cannot be written.
        UsageError: Parquet was asked for without a file.
        MissingExtraError: Parquet was asked for, and pyarrow is not installed.
    """
    if options.style == "parquet":
        with _open_parquet(options) as parquet:
            yield parquet
        return
    with _open_sink(options) if begun is None else closing(begun) as sink:
        writer = _make_writer(options, sink, begun)
        yield writer
        writer.close()


def _make_writer(options: ReportOptions, sink: Sink | None, begun: OutputFile | None) -> RowWriter:
    if options.style == "table":
        return TableWriter(sink, options.columns.top_k, options.models)
    stream = sink or data_stdout(is_json=options.style != "csv")
    if options.style == "csv":
        return CsvWriter(stream, options.columns, lambda: begun is None or begun.is_empty)
    return JsonWriter(stream) if options.style == "json" else JsonLinesWriter(stream)


def _open_parquet(options: ReportOptions) -> AbstractContextManager[RowWriter]:
    from cnnkit.report.parquet import open_parquet

    if options.output is None or options.to_stdout:
        raise UsageError("--format parquet needs a file: add --output rows.parquet")
    return open_parquet(options.output, overwrite=options.overwrite)


def _open_sink(options: ReportOptions) -> AbstractContextManager[Sink | None]:
    output = options.output
    if output is None or options.to_stdout:
        return nullcontext()
    from cnnkit.system import check_new_file

    check_new_file(output, overwrite=options.overwrite)
    # Devices and pipes are never replaced by a file of their name.
    if options.style in ("table", "json") and (output.is_file() or not output.exists()):
        return _whole(output)
    return closing(OutputFile(output, "wb" if options.overwrite or output.exists() else "xb"))


@contextmanager
def _whole(output: Path) -> Iterator[Sink]:
    from cnnkit.system import whole_file

    with whole_file(output) as temporary, temporary.open("wb") as file:
        yield file
