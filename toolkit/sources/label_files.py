"""A CSV or text file that lists images and their labels, as Kaggle and Roboflow give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from cnnkit.errors import DataError
from cnnkit.sources.class_folders import LabelledFiles, strangers_error
from cnnkit.sources.image_finder import ImageFinder
from cnnkit.sources.label_table import LabelRow, read_label_table
from cnnkit.sources.layouts import Part, part_named
from cnnkit.sources.spelling import find_places, warn_of_spellings
from cnnkit.spec import NO_LABEL, wrong_labels
from cnnkit.system import log

SUFFIXES = frozenset({".csv", ".tsv", ".txt"})
_SHOWN = 3


@dataclass(frozen=True)
class LabelledFile:
    """One line of a list."""

    path: Path
    label: str
    split: str  # as it is called there, empty where nothing is said
    line: int = 0  # of the list
    several: tuple[str, ...] | None = None  # where not one label is said, but several or none


def by_part(lines: Sequence[LabelledFile]) -> dict[Part | None, Sequence[LabelledFile]]:
    """Divides the lines of a list as its column of splits says; those of no named part come under None."""
    parts: dict[Part | None, list[LabelledFile]] = {}
    for line in lines:
        parts.setdefault(part_named(line.split), []).append(line)
    return {**parts}


def with_targets(
    parts: Mapping[Part | None, Sequence[LabelledFile]], source: Path, labels: tuple[str, ...] | None
) -> dict[Part | None, LabelledFiles]:
    """Numbers the labels of all parts alike.

    Args:
        parts: The lines of each part.
        source: Of all of them, for messages.
        labels: The classes of a model, in output order; None takes those of the lines, sorted.

    Raises:
        DataError: There is one class alone, or one that is none of the model's.
    """
    found = sorted({normalize("NFC", line.label) for lines in parts.values() for line in lines})
    known = tuple(found) if labels is None else labels
    if labels is None and len(found) < 2:
        raise DataError(f"{source} holds one class ({', '.join(found)}), expected at least two")
    if labels is None:
        warn_of_spellings(known, source)
    targets = find_places(found, known, source)
    strangers = [label for label in found if label not in targets]
    if strangers:
        raise strangers_error(source, strangers, known)
    return {
        part: LabelledFiles(
            known,
            tuple(line.path for line in lines),
            tuple(targets[normalize("NFC", line.label)] for line in lines),
        )
        for part, lines in parts.items()
    }


def with_sets(
    parts: Mapping[Part | None, Sequence[LabelledFile]], source: Path, labels: tuple[str, ...] | None
) -> dict[Part | None, LabelledFiles]:
    """Numbers the sets of labels that images have, those of all parts alike.

    Args:
        parts: The lines of each part.
        source: Of all of them, for messages.
        labels: Those of a model, in output order; None takes those of the training images, or of all, sorted.

    Returns:
        Files whose classes are sets of labels, named by their labels, "ant, bee", or "none".

    Raises:
        DataError: There is one label alone, or one that is none of the model's.
    """
    sets = {part: [_set_of(line) for line in lines] for part, lines in parts.items()}
    learned = sets.get("train") or [one for every in sets.values() for one in every]
    known = labels or tuple(sorted({label for one in learned for label in one}))
    if len(known) < 2:
        raise DataError(f"{source} holds one label ({', '.join(known)}), expected at least two")
    problem = wrong_labels(known, independent=True)
    if problem is not None:
        raise DataError(f"{source} {problem}")
    if labels is None:
        warn_of_spellings(known, source)
    every_label = {label for every in sets.values() for one in every for label in one}
    places = find_places(sorted(every_label), known, source)
    strangers = sorted(every_label - places.keys())
    if strangers:
        raise strangers_error(source, strangers, known)
    rows = {part: [tuple(sorted(places[label] for label in one)) for one in every] for part, every in sets.items()}
    found = sorted({row for every in rows.values() for row in every})
    named = tuple(tuple(known[index] for index in row) for row in found)
    names = tuple(", ".join(one) or NO_LABEL for one in named)
    numbers = {row: index for index, row in enumerate(found)}
    return {
        part: LabelledFiles(
            names, tuple(line.path for line in lines), tuple(numbers[row] for row in rows[part]), known, named
        )
        for part, lines in parts.items()
    }


def _set_of(line: LabelledFile) -> frozenset[str]:
    names = (line.label,) if line.several is None else line.several
    return frozenset(normalize("NFC", name) for name in names)


def is_label_file(path: Path) -> bool:
    """Whether a path is a list of images rather than a folder of them."""
    return path.suffix.lower() in SUFFIXES and path.is_file()


def read_label_file(path: Path, part: Part | None = None, *, several: bool = False) -> tuple[LabelledFile, ...]:
    """Reads a list of images with their labels, as `read_label_table` does, and finds the images.

    Args:
        path: The file. Names are relative to its folder, or to a folder in it that is called as one of the parts of a
            dataset or "images"; their suffix may be left out.
        part: Of the dataset, where the list is of one alone: the folders of the others are not looked into.
        several: Whether an image may have several labels or none, where the list says several of any.

    Returns:
        Its lines in their order, each image once.

    Raises:
        DataError: It is no such list, a name is absolute or leads out of the folder, an image has two labels or none,
            or not one image is there. Images that are missing and lines that repeat others are counted in messages.
        SourceError: The file cannot be read.
    """
    table = read_label_table(path)
    rows = table.rows
    if not rows:
        raise DataError(f"{path} lists no images, expected lines of a file name and a label")
    if table.columns:
        log.info("%s: %s", path, table.columns)
    _say_parts(rows, path)
    several = several and any(row.several is not None for row in rows)
    finder = ImageFinder(path, part)
    found, missing = list[LabelledFile](), list[tuple[str, int]]()
    for row in rows:
        place = finder.find(row.name, row.line, part_named(row.split))
        if place is None:
            missing.append((row.name, row.line))
        elif not several and (row.several is not None or not row.label):
            raise DataError(_not_one(row, rows, path))
        else:
            given = row.several if row.label or row.several is not None else ()
            found.append(LabelledFile(place, row.label, row.split, row.line, given))
    if missing:
        shown = ", ".join(name for name, _ in missing[:_SHOWN]) + (", ..." if len(missing) > _SHOWN else "")
        said = f"{len(missing):,} of {len(rows):,} images are not there: {shown} ({_lines(n for _, n in missing)})"
        if not found:
            raise DataError(f"{path}: {said}; names are taken relative to {path.parent}")
        log.warning("%s: %s", path, said)
    return _once(found, path)


def _not_one(row: LabelRow, rows: Sequence[LabelRow], path: Path) -> str:
    """Says what is wrong with a row that has not one label: that the whole list gives several, or it alone has none."""
    plural = next((one for one in rows if one.several), None)
    if plural is None or plural.several is None:
        return f"{path}, line {row.line}: {row.name} has no label: add one, or take the line out"
    return (
        f"{path} gives several labels an image (line {plural.line}: {plural.name} has {', '.join(plural.several)}), "
        "expected one here: cnnkit train takes such a list whole, and cnnkit evaluate for a model of independent labels"
    )


def some_of_list(path: Path, part: Part | None, most: int) -> tuple[Path, ...]:
    """Finds some images of a list, spread over its lines, and says nothing about those that are missing.

    Args:
        path: See `read_label_file`, as for errors.
        part: See there.
        most: How many lines are looked at.
    """
    rows = read_label_table(path).rows
    finder = ImageFinder(path, part)
    spread = rows[:: max(1, -(-len(rows) // most))]
    places = (finder.find(row.name, row.line, part_named(row.split)) for row in spread)
    return tuple(place for place in places if place is not None)


def _say_parts(rows: Sequence[LabelRow], path: Path) -> None:
    """Says which words of a column of parts name none."""
    unknown = sorted({row.split for row in rows if row.split and part_named(row.split) is None})
    if unknown:
        shown = ", ".join(unknown[:_SHOWN]) + (", ..." if len(unknown) > _SHOWN else "")
        log.warning("%s: the parts %s are none of train, val and test, and say nothing", path, shown)


def _once(found: Sequence[LabelledFile], path: Path) -> tuple[LabelledFile, ...]:
    labels: dict[Path, LabelledFile] = {}
    repeated = list[int]()
    for line in found:
        known = labels.setdefault(line.path, line)
        if known.label != line.label:
            raise DataError(
                f"{path}, lines {known.line} and {line.line}: {line.path.name} is labelled {known.label!r} and "
                f"{line.label!r}, expected one label an image"
            )
        if known is not line:
            repeated.append(line.line)
    if repeated:
        log.warning("%s: %s lines repeat others and are left out (%s)", path, f"{len(repeated):,}", _lines(repeated))
    return tuple(labels.values())


def _lines(numbers: Iterable[int]) -> str:
    every = list(numbers)
    shown = ", ".join(f"{number:,}" for number in every[:_SHOWN]) + (", ..." if len(every) > _SHOWN else "")
    return f"{'line' if len(every) == 1 else 'lines'} {shown}"
