"""What an interrupted run has written already: its rows are read back, and half a row at the end is cut off."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from cnnkit.errors import OutputError, UsageError
from cnnkit.report.columns import Columns, csv_lines
from cnnkit.report.output_file import OutputFile
from cnnkit.report.predictions import Format, ReportOptions
from cnnkit.report.rows import PredictionRow
from cnnkit.system import log, parse_json

Otherwise = Callable[["str | None", "str | None"], "str | None"]

_ROW = b'{"source": '  # how a row of JSON lines begins


class Done(NamedTuple):
    """What is done already."""

    inputs: int = 0  # whole ones
    rows: int = 0  # of those
    failures: int = 0  # inputs of which a row has an error
    odd: int = 0  # inputs that were answered, with a warning
    unfinished: bool = False  # whether the last of the rows looked at is one of an input that lacks some


class _Read(NamedTuple):
    """A row as it was read back."""

    identity: dict[str, Any] | list[str]  # what tells it from others, as it is written
    error: str | None
    warning: str | None


@dataclass(frozen=True)
class BegunFile:
    """The output of a run, which may have been interrupted, and need not be there yet."""

    path: Path
    style: Format  # "jsonl" or "csv"
    columns: Columns
    file: OutputFile  # the same, open for the rows to come

    def resume(
        self,
        expected: Iterable[Sequence[PredictionRow]],
        otherwise: Otherwise = lambda error, warning: None,
    ) -> Done:
        """Counts the inputs that have their rows and those that failed, and cuts off what a killed run left behind.

        Nothing is cut before all that is there has been found to be of this run.

        Args:
            expected: The rows of each input in order, without answers; taken as far as there are rows.
            otherwise: Says, of the error and the warning of a row, what this run would have done otherwise, and with
                which options it would not.

        Raises:
            OutputError: It is no such file, has other columns, rows of other inputs or of a run with other options, or
                cannot be read or written.
        """
        if not self.path.exists():
            return Done()
        try:
            with self.path.open("r+b") as file:
                end, done = self._check(file, iter(expected), otherwise)
                if end < file.seek(0, io.SEEK_END):
                    log.info("%s: half a row at its end is written again", self.path)
                    file.truncate(end)
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror or error}") from error
        return done

    def _check(
        self, file: BinaryIO, expected: Iterator[Sequence[PredictionRow]], otherwise: Otherwise
    ) -> tuple[int, Done]:
        """Returns where the rows of the last whole input end, and what is done until there."""
        records, done, at, end = self._records(file), Done(), 0, 0
        if self.style == "csv":
            end = at = self._check_heading(records)
        waiting: list[PredictionRow] = []
        failed = odd = False
        for number, (record, whole) in enumerate(records, start=1):
            at += len(record)
            if not whole:
                self._check_beginning(record, number)
                break
            if not waiting:
                waiting, failed, odd = list(next(expected, ())), False, False
            row = self._check_row(record, number, waiting)
            if why := otherwise(row.error, row.warning):
                raise OutputError(f"row {number} of {self.path} {why}")
            failed, odd = failed or row.error is not None, odd or row.warning is not None
            if not waiting:
                end, done = at, Done(done.inputs + 1, number, done.failures + failed, done.odd + odd)
        return end, done._replace(unfinished=bool(waiting))

    def _check_heading(self, records: Iterator[tuple[bytes, bool]]) -> int:
        """Returns where the heading ends; 0 where it is not whole."""
        heading = csv_lines([self.columns.heading()])
        record, whole = next(records, (b"", False))
        if record != heading[: None if whole else len(record)]:
            raise OutputError(f"{self.path} has other columns than this run would write: name another file")
        return len(record) if whole else 0

    def _records(self, file: BinaryIO) -> Iterator[tuple[bytes, bool]]:
        """Yields rows and whether they are whole; in CSV a name in quotes may hold line ends."""
        record, quotes = b"", 0
        for line in file:
            record, quotes = record + line, quotes + line.count(b'"')
            if line.endswith(b"\n") and (self.style == "jsonl" or quotes % 2 == 0):
                yield record, True
                record, quotes = b"", 0
        if record:
            yield record, False

    def _check_beginning(self, record: bytes, number: int) -> None:
        """Checks half a row, as far as that can be done."""
        if self.style == "jsonl" and record[: len(_ROW)] != _ROW[: len(record)]:
            raise self._foreign(number)

    def _check_row(self, record: bytes, number: int, waiting: list[PredictionRow]) -> _Read:
        """Reads a row, and checks that it is the first of those that are waited for."""
        row = self._read(record.decode(errors="replace"), number)
        identity, expected = row.identity, waiting.pop(0) if waiting else None
        if expected is None or self._as_written(expected) != identity:
            found = "there is no such input" if expected is None else f"input {number} is {expected.source!r}"
            shown = identity["source"] if isinstance(identity, dict) else identity[0]
            raise OutputError(f"row {number} of {self.path} is of {shown!r}, and {found}: resume with the same inputs")
        return row

    def _read(self, text: str, number: int) -> _Read:
        try:
            if self.style == "csv":
                cells = next(csv.reader(io.StringIO(text, newline="")))
                if len(cells) != len(self.columns.heading()):
                    raise self._foreign(number)
                return _Read(cells[: self.columns.identity_width], *self.columns.said(cells))
            row = parse_json(text)
            names = (name for name in ("source", "member", "frame", "seconds", "model") if name in row)
            return _Read({name: row[name] for name in names}, row["error"], row.get("warning"))
        except (ValueError, KeyError, TypeError, IndexError, StopIteration, csv.Error) as error:
            raise self._foreign(number) from error

    def _foreign(self, number: int) -> OutputError:
        return OutputError(f"{self.path} is no {self.style} file of cnnkit predict (row {number}): name another file")

    def _as_written(self, row: PredictionRow) -> dict[str, Any] | list[str]:
        if self.style == "jsonl":
            return row.identity()
        return [str(cell).encode(errors="backslashreplace").decode() for cell in self.columns.identity(row)]


def open_begun(options: ReportOptions) -> BegunFile:
    """Opens the file that --resume goes on with, for this run alone.

    Raises:
        UsageError: It is none that can be gone on with, or is to be overwritten.
        OutputError: It cannot be opened, or another run writes to it.
    """
    path, style = options.output, options.style
    if options.overwrite:
        raise UsageError("--resume keeps what --overwrite replaces: leave one of them out")
    if path is None or style not in ("jsonl", "csv") or (path.exists() and not path.is_file()):
        raise UsageError("--resume goes on with a file: add --output FILE, and --format jsonl or csv")
    file = OutputFile(path, "ab")
    file.open()
    return BegunFile(path, style, options.columns, file)
