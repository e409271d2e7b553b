"""What an interrupted run has written already: its rows are read back, and half a row at the end is cut off."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cnnkit.errors import OutputError, UsageError
from cnnkit.messages import log
from cnnkit.report.predictions import Format, csv_heading, csv_line


@dataclass(frozen=True)
class BegunFile:
    """The output of a run, which may have been interrupted, and need not be there yet."""

    path: Path
    style: Format  # "jsonl" or "csv"
    top_k: int  # candidates a row

    def cut_half_row(self) -> None:
        """Cuts off what a killed run left of its last row.

        Raises:
            OutputError: The file cannot be read or written.
        """
        if not self.path.exists():
            return
        try:
            with self.path.open("r+b") as file:
                end = sum(len(record) for record in self._records(file))
                size = file.seek(0, io.SEEK_END)
                file.truncate(end)
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror or error}") from error
        if size > end:
            log.info("%s: half a row at its end is written again", self.path)

    def check_inputs(self, sources: Iterator[str]) -> tuple[int, int]:
        """Counts the rows and those that failed, after checking that they are those of the first inputs.

        Args:
            sources: Of the inputs, in order; taken as far as there are rows.

        Raises:
            OutputError: It is no such file, has other columns, or rows of other inputs.
        """
        count = failures = 0
        for count, (row, failed) in enumerate(self._rows(), start=1):
            source = next(sources, None)
            if source is None or self._as_written(source) != row:
                found = "there is no such input" if source is None else f"input {count} is {source!r}"
                raise OutputError(f"row {count} of {self.path} is of {row!r}, and {found}: resume with the same inputs")
            failures += failed
        return count, failures

    def _rows(self) -> Iterator[tuple[str, bool]]:
        """Reads back the sources of the rows, in order, as they were written, and whether they failed."""
        if not self.path.exists():
            return
        heading = csv_line(csv_heading(self.top_k))
        with self.path.open("rb") as file:
            for number, record in enumerate(self._records(file)):
                if self.style == "csv" and number == 0:
                    if record != heading:
                        raise OutputError(f"{self.path} has other columns than this run would write: name another file")
                else:
                    yield self._row(record.decode(errors="replace"), number + 1)

    def _records(self, file: BinaryIO) -> Iterable[bytes]:
        """Yields whole rows; in CSV a name in quotes may hold line ends."""
        record = b""
        for line in file:
            record += line
            if record.endswith(b"\n") and (self.style == "jsonl" or record.count(b'"') % 2 == 0):
                yield record
                record = b""

    def _row(self, text: str, number: int) -> tuple[str, bool]:
        try:
            if self.style == "csv":
                cells = next(csv.reader(io.StringIO(text, newline="")))
                return cells[0], bool(cells[-1])
            row = json.loads(text)
            return str(row["source"]), row["error"] is not None
        except (ValueError, KeyError, TypeError, IndexError, StopIteration, csv.Error) as error:
            raise OutputError(
                f"{self.path} is no {self.style} file of cnnkit predict (row {number}): name another file"
            ) from error

    def _as_written(self, source: str) -> str:
        return source.encode(errors="backslashreplace").decode() if self.style == "csv" else source


def begun_file(path: Path | None, style: Format, top_k: int) -> BegunFile:
    """Returns the file that --resume goes on with.

    Raises:
        UsageError: It is none that can be gone on with.
    """
    if path is None or style not in ("jsonl", "csv") or (path.exists() and not path.is_file()):
        raise UsageError("--resume goes on with a file: add --output FILE, and --format jsonl or csv")
    return BegunFile(path, style, top_k)
