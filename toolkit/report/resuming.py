"""What an interrupted run has written already: its rows are read back, and half a row at the end is cut off."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cnnkit.errors import OutputError, UsageError
from cnnkit.messages import log
from cnnkit.report.predictions import Format, csv_heading, csv_lines

_ROW = b'{"source": '  # how a row of JSON lines begins


@dataclass(frozen=True)
class BegunFile:
    """The output of a run, which may have been interrupted, and need not be there yet."""

    path: Path
    style: Format  # "jsonl" or "csv"
    top_k: int  # candidates a row

    def resume(self, sources: Iterator[str]) -> tuple[int, int]:
        """Counts the rows and those that failed, and cuts off what a killed run left of its last one.

        Nothing is cut before all that is there has been found to be of this run.

        Args:
            sources: Of the inputs, in order; taken as far as there are rows.

        Raises:
            OutputError: It is no such file, has other columns, or rows of other inputs, or cannot be read or written.
        """
        if not self.path.exists():
            return 0, 0
        try:
            with self.path.open("r+b") as file:
                end, count, failures = self._check(file, sources)
                if end < file.seek(0, io.SEEK_END):
                    log.info("%s: half a row at its end is written again", self.path)
                    file.truncate(end)
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror or error}") from error
        return count, failures

    def _check(self, file: BinaryIO, sources: Iterator[str]) -> tuple[int, int, int]:
        """Returns where the last whole row ends, how many rows there are and how many of them failed."""
        heading = csv_lines([csv_heading(self.top_k)]) if self.style == "csv" else b""
        end = count = failures = 0
        for record, whole in self._records(file):
            if end == 0 and heading:
                if record != heading[: None if whole else len(record)]:
                    raise OutputError(f"{self.path} has other columns than this run would write: name another file")
            elif whole:
                count += 1
                failures += self._check_row(record.decode(errors="replace"), count, next(sources, None))
            elif self.style == "jsonl" and record[: len(_ROW)] != _ROW[: len(record)]:
                raise self._foreign(count + 1)
            end += len(record) if whole else 0
        return end, count, failures

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

    def _check_row(self, text: str, number: int, source: str | None) -> bool:
        """Returns whether the row failed, after checking that it is of an input."""
        row, failed = self._row(text, number)
        if source is None or self._as_written(source) != row:
            found = "there is no such input" if source is None else f"input {number} is {source!r}"
            raise OutputError(f"row {number} of {self.path} is of {row!r}, and {found}: resume with the same inputs")
        return failed

    def _row(self, text: str, number: int) -> tuple[str, bool]:
        try:
            if self.style == "csv":
                cells = next(csv.reader(io.StringIO(text, newline="")))
                return cells[0], bool(cells[-1])
            row = json.loads(text)
            return str(row["source"]), row["error"] is not None
        except (ValueError, KeyError, TypeError, IndexError, StopIteration, csv.Error) as error:
            raise self._foreign(number) from error

    def _foreign(self, number: int) -> OutputError:
        return OutputError(f"{self.path} is no {self.style} file of cnnkit predict (row {number}): name another file")

    def _as_written(self, source: str) -> str:
        return source.encode(errors="backslashreplace").decode() if self.style == "csv" else source


def begun_file(path: Path | None, style: Format, top_k: int, *, overwrite: bool) -> BegunFile:
    """Returns the file that --resume goes on with.

    Raises:
        UsageError: It is none that can be gone on with, or is to be overwritten.
    """
    if overwrite:
        raise UsageError("--resume keeps what --overwrite replaces: leave one of them out")
    if path is None or style not in ("jsonl", "csv") or (path.exists() and not path.is_file()):
        raise UsageError("--resume goes on with a file: add --output FILE, and --format jsonl or csv")
    return BegunFile(path, style, top_k)
