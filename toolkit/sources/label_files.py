"""A CSV or text file that lists images and their labels, as Kaggle and Roboflow give them."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from unicodedata import normalize

from cnnkit.errors import DataError, SourceError
from cnnkit.images import IMAGE_SUFFIXES
from cnnkit.sources.class_folders import LabelledFiles, strangers_error
from cnnkit.sources.layouts import Part, part_named
from cnnkit.system import log

SUFFIXES = frozenset({".csv", ".tsv", ".txt"})
_PATHS = (
    "path", "file_path", "filepath", "image_path", "filename", "file_name", "file", "image", "img", "image_id", "id",
)  # fmt: skip
_LABELS = ("label", "labels", "class", "class_name", "category", "target")
_SPLITS = ("split", "set", "subset")
_PLACES = (
    "",
    "train",
    "images",
    "train_images",
    "test",
    "valid",
    "val",
)  # where files may lie
_LARGEST = 2**28  # bytes of a list
_SHOWN = 3


@dataclass(frozen=True)
class LabelledFile:
    """One line of a list."""

    path: Path
    label: str
    split: str  # as it is called there, empty where nothing is said


def list_label_file(path: Path, labels: tuple[str, ...] | None = None) -> dict[Part | None, LabelledFiles]:
    """Lists the images of a list by the part of the dataset they are for.

    Args:
        path: See `read_label_file`.
        labels: The classes of a model, in output order; None takes those of the list, sorted.

    Returns:
        The files of each part that is named; those of no named part under None.

    Raises:
        DataError: See `read_label_file`; or one class alone, or one that is none of the model's.
        SourceError: The file cannot be read.
    """
    lines = read_label_file(path)
    found = sorted({normalize("NFC", line.label) for line in lines})
    known = tuple(found) if labels is None else labels
    targets = {normalize("NFC", label): index for index, label in enumerate(known)}
    if labels is None and len(found) < 2:
        raise DataError(f"{path} holds one class ({', '.join(found)}), expected at least two")
    strangers = [label for label in found if label not in targets]
    if strangers:
        raise strangers_error(path, strangers, known)
    parts: dict[Part | None, list[LabelledFile]] = {}
    for line in lines:
        parts.setdefault(part_named(line.split), []).append(line)
    return {
        part: LabelledFiles(
            known,
            tuple(line.path for line in listed),
            tuple(targets[normalize("NFC", line.label)] for line in listed),
        )
        for part, listed in parts.items()
    }


def is_label_file(path: Path) -> bool:
    """Whether a path is a list of images rather than a folder of them."""
    return path.suffix.lower() in SUFFIXES and path.is_file()


def read_label_file(path: Path) -> tuple[LabelledFile, ...]:
    """Reads a list of images with their labels.

    A CSV file has a column of file names, one of labels and perhaps one of splits, or, as Roboflow writes it, one
    column for each class with a 1 where an image belongs to it. A text file has a name and a label in every line.

    Args:
        path: The file; names are relative to its folder.

    Returns:
        Its lines in their order, each image once.

    Raises:
        DataError: Columns are missing, a name is absolute or leads out of the folder, one image has two labels, or not
            one image is there. Images that are missing and lines that repeat others are counted in messages.
        SourceError: The file cannot be read.
    """
    rows = list(_rows(path))
    if not rows:
        raise DataError(f"{path} lists no images, expected lines of a file name and a label")
    found, missing = list[LabelledFile](), list[str]()
    for name, label, split in rows:
        place = _find(path.parent, name, path)
        if place is None:
            missing.append(name)
        elif not label:
            raise DataError(f"{path}: {name} has no label: add one, or take the line out")
        else:
            found.append(LabelledFile(place, label, split))
    if missing:
        shown = ", ".join(missing[:_SHOWN]) + (", ..." if len(missing) > _SHOWN else "")
        said = f"{len(missing):,} of {len(rows):,} images are not there: {shown}"
        if not found:
            raise DataError(f"{path}: {said}; names are taken relative to {path.parent}")
        log.warning("%s: %s", path, said)
    return _once(found, path)


def _once(found: Sequence[LabelledFile], path: Path) -> tuple[LabelledFile, ...]:
    labels: dict[Path, LabelledFile] = {}
    for line in found:
        known = labels.setdefault(line.path, line)
        if known.label != line.label:
            raise DataError(
                f"{path}: {line.path.name} is labelled {known.label!r} and {line.label!r}, expected one label an image"
            )
    repeated = len(found) - len(labels)
    if repeated:
        log.warning("%s: %s lines repeat others and are left out", path, f"{repeated:,}")
    return tuple(labels.values())


def _find(folder: Path, name: str, listed: Path) -> Path | None:
    """Returns the file that a name means; None where there is none.

    Raises:
        DataError: The name is absolute, or leads out of the folder.
    """
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor or ".." in PurePosixPath(name).parts:
        raise DataError(f"{listed}: {name!r} leads out of the list's folder, expected names relative to it")
    suffixes = ("",) if Path(name).suffix.lower() in IMAGE_SUFFIXES else ("", *sorted(IMAGE_SUFFIXES))
    for place in _PLACES:
        for suffix in suffixes:
            path = folder / place / f"{name}{suffix}"
            if path.is_file():
                return path
    return None


def _rows(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yields name, label and split of every line."""
    try:
        if path.stat().st_size > _LARGEST:
            raise DataError(f"{path} has more than 256 MiB, expected a list of images")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text in UTF-8 ({error.reason}), expected a list of images") from error
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return
    if path.suffix.lower() == ".txt":
        yield from (_words(line, path) for line in lines)
        return
    table = csv.reader(lines, delimiter="\t" if path.suffix.lower() == ".tsv" else _delimiter(lines))
    header = [name.strip() for name in next(table, [])]
    columns = _columns(header, path)
    for number, row in enumerate(table, start=2):
        if len(row) != len(header):
            raise DataError(f"{path}, line {number}: {len(row)} columns, expected {len(header)}: {', '.join(header)}")
        yield columns.read([value.strip() for value in row], number)


def _words(line: str, path: Path) -> tuple[str, str, str]:
    name, _, label = line.strip().rpartition("\t" if "\t" in line else " ")
    if not name:
        raise DataError(f"{path}: {line.strip()!r} is no file name with a label behind it")
    return name.strip(), label, ""


def _delimiter(lines: Sequence[str]) -> str:
    counts = Counter({mark: lines[0].count(mark) for mark in ",;\t"}) if lines else Counter(",")
    return counts.most_common(1)[0][0]


@dataclass(frozen=True)
class _Columns:
    """Where in a row everything stands."""

    listed: Path
    name: int
    label: int | None
    split: int | None
    classes: dict[int, str]  # of a table with a column for each class

    def read(self, row: Sequence[str], number: int) -> tuple[str, str, str]:
        split = "" if self.split is None else row[self.split]
        if self.label is not None:
            return row[self.name], row[self.label], split
        chosen = [name for place, name in self.classes.items() if row[place] in ("1", "1.0")]
        if len(chosen) != 1:
            raise DataError(
                f"{self.listed}, line {number}: {row[self.name]} belongs to {len(chosen)} classes, expected one"
            )
        return row[self.name], chosen[0], split


def _columns(header: Sequence[str], path: Path) -> _Columns:
    lowered = [name.lower().replace(" ", "_") for name in header]
    name, label, split = (_first(lowered, known) for known in (_PATHS, _LABELS, _SPLITS))
    others = {place: text for place, text in enumerate(header) if place not in (name, split)}
    one_hot = label is None and path.name == "_classes.csv" and len(others) > 1
    if name is None or (label is None and not one_hot):
        what = "file names" if name is None else "labels"
        expected = _PATHS if name is None else _LABELS
        raise DataError(
            f"{path} has the columns {', '.join(header[:8])} and none of {what}: name one {', '.join(expected[:6])}"
        )
    return _Columns(path, name, label, split, others if one_hot else {})


def _first(header: Sequence[str], known: Sequence[str]) -> int | None:
    return next((header.index(name) for name in known if name in header), None)
