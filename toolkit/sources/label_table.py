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
from cnnkit.images import IMAGE_SUFFIXES
from cnnkit.sources.layouts import part_named
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
_ONE = frozenset({"1", "1.0", "true"})
_ZERO = frozenset({"0", "0.0", "false"})
_MARKED = re.compile(r"sep=.|#.*", re.IGNORECASE)  # first lines for Excel, and comments
_SHOWN = 8  # columns
_LOOKED_AT = 50  # lines, to tell what a list is
_LARGEST = 2**28  # bytes of a list


@dataclass(frozen=True)
class LabelRow:
    """One image of a list."""

    line: int  # of the file, from 1
    name: str
    label: str  # empty where nothing is said; names joined by "|" where there are several
    split: str  # as it is called there, empty where nothing is said
    several: tuple[str, ...] | None = None  # where not one label is said, but several or none


@dataclass(frozen=True)
class LabelTable:
    """A list of images with their labels."""

    rows: tuple[LabelRow, ...]
    columns: str = ""  # which say what, in words; empty for a text file


def read_label_table(path: Path) -> LabelTable:
    """Reads a list of images with their labels.

    A CSV file has a column of file names, one of labels and perhaps one of splits, or one column for each class with a
    1 where an image belongs to it. Several labels are separated by | or ; in their column. A column beside that of file
    names alone is that of labels, whatever it is called; without a header file names are told by their suffix. A text
    file has a name and a label in every line.

    Raises:
        DataError: It is no such list: columns are missing, or a row has others.
        SourceError: The file cannot be read.
    """
    lines = _read_text(path).splitlines()
    if path.suffix.lower() == ".txt":
        return LabelTable(tuple(_words(line, n, path) for n, line in enumerate(lines, start=1) if line.strip()))
    table = _table(path, lines)
    if not table:
        return LabelTable(())
    headed = not any(map(_is_image, table[0][1]))
    rows = [row for _, row in table[headed:]]
    columns = _columns(table[0][1], path, rows) if headed else _told_by_content(path, rows)
    return LabelTable(tuple(columns.read(number, row) for number, row in table[headed:]), columns.described())


def names_labels(path: Path, *, surely: bool) -> bool:
    """Whether a CSV file has, by its header, a column of file names and others.

    Args:
        path: The file.
        surely: Whether one of the others has to be one of labels, or all to be classes: not so for training images,
            whose error says then what is missing.
    """
    try:
        table = _table(path, _read_text(path).splitlines()[:_LOOKED_AT])
        if not table or _first(_lowered(table[0][1]), _PATHS) is None:
            return False
        return len(table[0][1]) > 1 and (not surely or _says_labels(table[0][1], path, [row for _, row in table[1:]]))
    except (DataError, SourceError):
        return False


def _says_labels(header: Sequence[str], path: Path, rows: Sequence[Sequence[str]]) -> bool:
    if _first(_lowered(header), _LABELS) is not None:
        return True
    return len(header) > 2 and bool(_columns(header, path, rows).classes)


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise DataError(f"{path} has more than 256 MiB, expected a list of images")
        return decode_text(path.read_bytes())
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is no text in UTF-8 or UTF-16 ({error.reason}), expected a list of images: save it as UTF-8"
        ) from error


def _words(line: str, number: int, path: Path) -> LabelRow:
    mark = "\t" if "\t" in line else "," if _is_image(line.rpartition(",")[0]) else " "
    name, _, label = line.strip().rpartition(mark)
    if not name or _is_image(label):
        raise DataError(f"{path}, line {number}: {line.strip()!r} is no file name with a label behind it")
    return LabelRow(number, name.strip(), label.strip(), "")


def _table(path: Path, lines: Sequence[str]) -> list[tuple[int, list[str]]]:
    """Returns the rows that are not empty, each with the number of its line; all have as many values as the header."""
    first = next((n for n, line in enumerate(lines) if not _MARKED.fullmatch(line.strip())), 0)
    reader = csv.reader(StringIO("\n".join(lines[first:])), delimiter=_delimiter(path, lines[first:]))
    rows = list[tuple[int, list[str]]]()
    try:
        for row in reader:
            if any(value.strip() for value in row):
                rows.append((first + reader.line_num, [value.strip() for value in row]))
    except csv.Error as error:
        raise DataError(f"{path}, line {first + reader.line_num}: {error}, expected a list of images") from error
    return [(number, _as_wide(row, rows[0][1], number, path)) for number, row in rows]


def _as_wide(row: list[str], header: list[str], number: int, path: Path) -> list[str]:
    """Returns a row without the empty values at its end that the header has no names for."""
    if len(row) < len(header) or any(row[len(header) :]):
        raise DataError(f"{path}, line {number}: {len(row)} columns, expected {len(header)}: {', '.join(header)}")
    return row[: len(header)]


def _delimiter(path: Path, lines: Sequence[str]) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    first = next((line for line in lines if line.strip()), "")
    return Counter({mark: first.count(mark) for mark in ",;\t|"}).most_common(1)[0][0]


def _is_image(value: str) -> bool:
    return Path(value.strip()).suffix.lower() in IMAGE_SUFFIXES


@dataclass(frozen=True)
class _Columns:
    """Where in a row everything stands."""

    name: int
    label: int | None
    split: int | None
    classes: dict[int, str]  # of a table with a column for each class
    header: Sequence[str] = ()

    def described(self) -> str:
        """Says in words what is read from which column."""
        used = [("file names", self.name), ("labels", self.label), ("parts", self.split)]
        said = [f"{what} from {self._called(place)}" for what, place in used if place is not None]
        if self.classes:
            said.append(f"a class from each of {', '.join(list(self.classes.values())[:_SHOWN])}")
        places = {place for _, place in used} | self.classes.keys()
        unused = [name for place, name in enumerate(self.header) if name and place not in places]
        return ", ".join(said) + (f"; not used: {', '.join(unused[:_SHOWN])}" if unused else "")

    def _called(self, place: int) -> str:
        return self.header[place] if self.header else f"column {place + 1}"

    def read(self, number: int, row: Sequence[str]) -> LabelRow:
        split = "" if self.split is None else row[self.split]
        if self.label is not None:
            parts = re.split(r"[|;]", row[self.label])
            named = tuple(part.strip() for part in parts if part.strip())
            label = named[0] if len(named) == 1 else row[self.label]
            return LabelRow(number, row[self.name], label, split, named if len(parts) > 1 and len(named) != 1 else None)
        chosen = tuple(name for place, name in self.classes.items() if row[place].lower() in _ONE)
        return LabelRow(number, row[self.name], "|".join(chosen), split, None if len(chosen) == 1 else chosen)


def _columns(header: Sequence[str], path: Path, rows: Sequence[Sequence[str]]) -> _Columns:
    lowered = _lowered(header)
    name, label, split = (_first(lowered, known) for known in (_PATHS, _LABELS, _SPLITS))
    others = {place: text for place, text in enumerate(header) if text and place not in (name, split)}
    if name is not None and label is None and len(others) == 1:
        label = next(iter(others))
    one_hot = label is None and len(others) > 1 and (path.name == "_classes.csv" or _holds_bits(others, rows))
    if name is None or (label is None and not one_hot):
        what = "file names" if name is None else "labels"
        expected = _PATHS if name is None else _LABELS
        raise DataError(
            f"{path} has the columns {', '.join(header[:8])} and none of {what}: name one {', '.join(expected[:6])}"
        )
    return _Columns(name, label, split, others if one_hot else {}, header)


def _told_by_content(path: Path, rows: Sequence[Sequence[str]]) -> _Columns:
    """Returns the columns of a list without a header: files have a suffix, parts their names, and labels are left."""
    places = range(len(rows[0]))
    names = [place for place in places if all(_is_image(row[place]) for row in rows)]
    splits = [place for place in places if all(part_named(row[place]) for row in rows)]
    labels = [place for place in places if place not in (*names, *splits) and any(row[place] for row in rows)]
    if (len(names), len(labels)) != (1, 1) or len(splits) > 1:
        raise DataError(f"{path} has no header that says which column is which: begin with a line such as file,label")
    return _Columns(names[0], labels[0], splits[0] if splits else None, {})


def _holds_bits(places: dict[int, str], rows: Sequence[Sequence[str]]) -> bool:
    return bool(rows) and all(row[place].lower() in _ONE | _ZERO for row in rows for place in places)


def _lowered(header: Sequence[str]) -> list[str]:
    return [name.strip().lower().replace(" ", "_") for name in header]


def _first(header: Sequence[str], known: Sequence[str]) -> int | None:
    return next((header.index(name) for name in known if name in header), None)
