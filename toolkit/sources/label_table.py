"""The rows of a CSV or text file that lists images and labels: which columns say what."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from cnnkit.errors import DataError, SourceError
from cnnkit.system import decode_text

_PATHS = (
    "path", "file_path", "filepath", "image_path", "filename", "file_name", "file", "image", "img", "image_id",
    "image_name", "id",
)  # fmt: skip
_LABELS = (
    "label", "labels", "class", "class_name", "category", "target", "label_name", "class_id", "classid", "breed",
    "species", "diagnosis",
)  # fmt: skip
_SPLITS = ("split", "set", "subset")
_ONE = frozenset({"1", "1.0"})
_ZERO = frozenset({"0", "0.0"})
_LARGEST = 2**28  # bytes of a list


@dataclass(frozen=True)
class LabelRow:
    """One image of a list."""

    line: int  # of the file, from 1
    name: str
    label: str  # empty where nothing is said; names joined by "|" where there are several
    split: str  # as it is called there, empty where nothing is said
    several: tuple[str, ...] | None = None  # where not one label is said, but several or none


def read_label_rows(path: Path) -> list[LabelRow]:
    """Reads a list of images with their labels.

    A CSV file has a column of file names, one of labels and perhaps one of splits, or one column for each class with a
    1 where an image belongs to it. Several labels are separated by | or ; in their column. A text file has a name and a
    label in every line.

    Raises:
        DataError: It is no such list: columns are missing, or a row has others.
        SourceError: The file cannot be read.
    """
    lines = _read_text(path).splitlines()
    if path.suffix.lower() == ".txt":
        return [_words(line, number, path) for number, line in enumerate(lines, start=1) if line.strip()]
    table = _table(path, lines)
    if not table:
        return []
    header = table[0][1]
    columns = _columns(header, path, [row for _, row in table[1:]])
    return [columns.read(number, row) for number, row in table[1:]]


def names_labels(path: Path) -> bool:
    """Whether a CSV file has, by its header, a column of file names and one of labels or several others."""
    try:
        table = _table(path, _read_text(path).splitlines()[:1])
    except (DataError, SourceError):
        return False
    header = _lowered(table[0][1]) if table else []
    return _first(header, _PATHS) is not None and (_first(header, _LABELS) is not None or len(header) > 2)


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise DataError(f"{path} has more than 256 MiB, expected a list of images")
        return decode_text(path.read_bytes())
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text in UTF-8 or UTF-16 ({error.reason}), expected a list of images") from error


def _words(line: str, number: int, path: Path) -> LabelRow:
    name, _, label = line.strip().rpartition("\t" if "\t" in line else " ")
    if not name:
        raise DataError(f"{path}, line {number}: {line.strip()!r} is no file name with a label behind it")
    return LabelRow(number, name.strip(), label, "")


def _table(path: Path, lines: Sequence[str]) -> list[tuple[int, list[str]]]:
    """Returns the rows that are not empty, each with the number of its line; all have as many values as the header."""
    reader = csv.reader(StringIO("\n".join(lines)), delimiter=_delimiter(path, lines))
    rows = list[tuple[int, list[str]]]()
    try:
        for row in reader:
            if any(value.strip() for value in row):
                rows.append((reader.line_num, [value.strip() for value in row]))
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}, expected a list of images") from error
    for number, row in rows[1:]:
        if len(row) != len(rows[0][1]):
            raise DataError(
                f"{path}, line {number}: {len(row)} columns, expected {len(rows[0][1])}: {', '.join(rows[0][1])}"
            )
    return rows


def _delimiter(path: Path, lines: Sequence[str]) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    first = next((line for line in lines if line.strip()), "")
    return Counter({mark: first.count(mark) for mark in ",;\t"}).most_common(1)[0][0]


@dataclass(frozen=True)
class _Columns:
    """Where in a row everything stands."""

    name: int
    label: int | None
    split: int | None
    classes: dict[int, str]  # of a table with a column for each class

    def read(self, number: int, row: Sequence[str]) -> LabelRow:
        split = "" if self.split is None else row[self.split]
        if self.label is not None:
            parts = re.split(r"[|;]", row[self.label])
            several = tuple(part.strip() for part in parts if part.strip()) if len(parts) > 1 else None
            return LabelRow(number, row[self.name], row[self.label], split, several)
        chosen = tuple(name for place, name in self.classes.items() if row[place] in _ONE)
        return LabelRow(number, row[self.name], "|".join(chosen), split, None if len(chosen) == 1 else chosen)


def _columns(header: Sequence[str], path: Path, rows: Sequence[Sequence[str]]) -> _Columns:
    lowered = _lowered(header)
    name, label, split = (_first(lowered, known) for known in (_PATHS, _LABELS, _SPLITS))
    others = {place: text for place, text in enumerate(header) if place not in (name, split)}
    one_hot = label is None and len(others) > 1 and (path.name == "_classes.csv" or _holds_bits(others, rows))
    if name is None or (label is None and not one_hot):
        what = "file names" if name is None else "labels"
        expected = _PATHS if name is None else _LABELS
        raise DataError(
            f"{path} has the columns {', '.join(header[:8])} and none of {what}: name one {', '.join(expected[:6])}"
        )
    return _Columns(name, label, split, others if one_hot else {})


def _holds_bits(places: dict[int, str], rows: Sequence[Sequence[str]]) -> bool:
    return bool(rows) and all(row[place] in _ONE | _ZERO for row in rows for place in places)


def _lowered(header: Sequence[str]) -> list[str]:
    return [name.strip().lower().replace(" ", "_") for name in header]


def _first(header: Sequence[str], known: Sequence[str]) -> int | None:
    return next((header.index(name) for name in known if name in header), None)
