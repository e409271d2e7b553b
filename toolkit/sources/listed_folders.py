"""Images that a list labels: the list itself, or a folder in which some lie, as Roboflow and Kaggle give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cnnkit.errors import DataError
from cnnkit.sources.class_folders import LabelledFiles, list_class_folder, list_images, test_split
from cnnkit.sources.image_finder import PLACES
from cnnkit.sources.label_files import (
    LabelledFile,
    by_part,
    is_label_file,
    read_label_file,
    some_of_list,
    with_sets,
    with_targets,
)
from cnnkit.sources.label_table import names_labels
from cnnkit.sources.layouts import Part, folder_names, holds_images, part_named, visible_entries
from cnnkit.system import log

_Listed = TypeVar("_Listed")

_IN_PARTS = ("_classes.csv", "_annotations.csv")  # Roboflow's, in the folder of each part
_WHOLE = frozenset({"labels", "annotations", "_classes", "_annotations"})  # lists of all images
_ELSE = frozenset({"metadata", "data", "index"})  # where there is no other
_SUFFIXES = (".csv", ".tsv")
_DEPTH = 4  # folders that hold nothing but one more


@dataclass(frozen=True)
class _Lists:
    """The lists of a folder."""

    root: Path  # where the dataset lies
    paths: dict[Part | None, Path]  # None is for a list of all images


def is_listed(data: Path) -> bool:
    """Whether images are labelled by a list: it is one, or a folder with one instead of folders of classes.

    Raises:
        DataError: Two lists are of one part of the dataset.
        SourceError: The folder cannot be listed.
    """
    return is_label_file(data) or (data.is_dir() and _find(data) is not None)


def list_listed(
    data: Path, labels: tuple[str, ...] | None = None, *, several: bool = False
) -> dict[Part | None, LabelledFiles]:
    """Lists the images of a list, or of the lists in a folder, by the part of the dataset they are for.

    Args:
        data: Of which `is_listed` is true. Roboflow's folders have a `_classes.csv` in each part, Kaggle's have a
            `train.csv` or `labels.csv` beside folders of images. A folder that holds nothing but one more is passed
            through, which is said.
        labels: The classes of a model, in output order; None takes those of the training images, sorted.
        several: Whether images may have several labels or none: where any does, classes are sets of labels.

    Returns:
        The files of each part that is named; those of no named part under None.

    Raises:
        DataError: See `read_label_file`; or two lists are of one part, one class alone, or one that training has not.
        SourceError: A list or folder cannot be read.
    """
    parts = _read(data, several=several)
    if several and any(line.several is not None for lines in parts.values() for line in lines):
        return with_sets(parts, data, labels)
    if labels is None and "train" in parts and not is_label_file(data):
        labels = with_targets({"train": parts["train"]}, data, None)["train"].labels
    return with_targets(parts, data, labels)


def list_test_files(data: Path, labels: tuple[str, ...], *, several: bool = False) -> LabelledFiles:
    """Lists the labelled images to measure a model on: the test images where the data is divided, else all.

    Args:
        data: Class folders, or parts of them; a list, or a folder with lists.
        labels: The classes of the model, in output order.
        several: See `list_listed`.

    Raises:
        DataError: There are none, or one has a class that is none of the model's.
        SourceError: A list or folder cannot be read.
    """
    if is_listed(data):
        return _test_part(list_listed(data, labels, several=several), data)
    return list_class_folder(test_split(data), labels)


def list_test_images(data: Path) -> tuple[Path, ...]:
    """Lists the same images whatever their labels are; a folder may hold them without class folders.

    Raises:
        DataError: A list names none.
        SourceError: A list or folder cannot be read.
    """
    if is_listed(data):
        return tuple(line.path for line in _test_part(_read(data, several=True), data))
    return list_images(test_split(data))


def list_some_images(data: Path, most: int) -> tuple[Path, ...]:
    """Lists some images that a list names, or the lists in a folder, without a word: up to `most` of each list.

    Args:
        data: Of which `is_listed` is true.
        most: Lines of a list.

    Raises:
        DataError, SourceError: A list cannot be read, or names what lies elsewhere.
    """
    found = None if is_label_file(data) else _find(data)
    if found is None:
        return some_of_list(data, None, most)
    parts = {path: part if path.parent == found.root else None for part, path in found.paths.items()}
    return tuple(image for path, part in parts.items() for image in some_of_list(path, part, most))


def _test_part(parts: Mapping[Part | None, _Listed], data: Path) -> _Listed:
    chosen = parts.get("test", parts.get(None))
    if chosen is None:
        raise DataError(f"{data} lists no test images, only {', '.join(map(str, parts))}: give other images")
    return chosen


def _read(data: Path, *, several: bool) -> dict[Part | None, Sequence[LabelledFile]]:
    """Reads all lists; training images alone are the whole dataset."""
    found = None if is_label_file(data) else _find(data)
    if found is None:
        return by_part(read_label_file(data, several=several))
    if found.root != data:
        log.info("the dataset is taken from %s", found.root)
    log.info("labels are taken from %s", ", ".join(str(path.relative_to(found.root)) for path in found.paths.values()))
    if None in found.paths:
        return by_part(read_label_file(found.paths[None], several=several))
    parts: dict[Part | None, Sequence[LabelledFile]] = {
        part: read_label_file(path, part if path.parent == found.root else None, several=several)
        for part, path in found.paths.items()
    }
    return {None: parts["train"]} if set(parts) == {"train"} else parts


def _find(root: Path) -> _Lists | None:
    """Looks for lists in a folder, or in the only folder in it."""
    for _ in range(_DEPTH):
        paths = _lists_in(root)
        if paths:
            return _Lists(root, paths)
        folders = folder_names(root)
        if len(folders) != 1 or holds_images(root):
            return None
        root = root / folders[0]
    return None


def _lists_in(root: Path) -> dict[Part | None, Path]:
    folders = folder_names(root)
    named = [(part, folder) for folder in folders if (part := part_named(folder)) is not None]
    places = [(part, root / folder / name) for part, folder in named for name in _IN_PARTS]
    in_parts = [(part, path) for part, path in places if path.is_file()]
    if any(part == "train" for part, _ in in_parts):
        return _once_each(in_parts)
    if _holds_classes(root, folders):
        return {}
    files = [Path(entry.path) for entry in visible_entries(root) if entry.name.lower().endswith(_SUFFIXES)]
    listed = [(part_named(path.stem), path) for path in files]
    wanted = [(part, path) for part, path in listed if part is not None or path.stem.lower() in _WHOLE]
    found = [(part, path) for part, path in wanted if names_labels(path, surely=part in ("val", "test"))]
    found = found or [(None, path) for path in files if path.stem.lower() in _ELSE and names_labels(path, surely=True)]
    parts = {part for part, _ in found}
    if None in parts and len(parts) > 1:
        found = [(None, path) for _, path in found]  # of which one has to be meant
    return _once_each(found) if parts & {None, "train"} else {}


def _once_each(found: Sequence[tuple[Part | None, Path]]) -> dict[Part | None, Path]:
    paths: dict[Part | None, Path] = {}
    for part, path in found:
        if part in paths:
            raise DataError(
                f"{paths[part]} and {path.name if path.parent == paths[part].parent else path} both list "
                f"{part or 'all'} images: name the one that is meant, or remove the other"
            )
        paths[part] = path
    return paths


def _holds_classes(root: Path, folders: Sequence[str]) -> bool:
    """Whether there are folders of classes, in the folder or in its parts: they say it themselves."""
    parts = [folder for folder in folders if part_named(folder) is not None]
    classes = [folder for folder in folders if folder not in parts and folder.lower() not in PLACES]
    inside = [
        Path(part, folder)
        for part in parts
        for folder in folder_names(root / part)
        if folder.lower() not in PLACES and part_named(folder) != part_named(part)
    ]
    return sum(holds_images(root / folder) for folder in classes) > 1 or any(
        holds_images(root / folder) for folder in inside
    )
