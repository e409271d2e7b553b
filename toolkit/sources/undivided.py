"""Labelled images that nobody has divided into parts yet: class folders, or what a list names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cnnkit.errors import DataError
from cnnkit.sources.class_folders import LabelledFiles, list_class_folder
from cnnkit.sources.layouts import find_layout
from cnnkit.sources.listed_folders import is_listed, list_listed


@dataclass(frozen=True)
class Undivided:
    """Images, and what each is called in the folder of its class."""

    files: LabelledFiles
    names: tuple[Path, ...]  # relative; what is common to the paths of a list is left out


def find_undivided(source: Path) -> Undivided:
    """Finds the images of a dataset of one part.

    Args:
        source: Class folders, a list of files and labels, or a folder with such a list.

    Raises:
        DataError: It is divided already, holds fewer than two classes, or a label that cannot be a folder's name.
        SourceError: It cannot be read.
    """
    return _listed(source) if is_listed(source) else _class_folders(source)


def _class_folders(source: Path) -> Undivided:
    layout = find_layout(source)
    if layout.val is not None or layout.test is not None:  # training images alone are the whole dataset
        raise DataError(f"{source} is divided already: give the folder of its classes alone")
    files = list_class_folder(layout.train)
    return Undivided(files, tuple(Path(*path.relative_to(layout.train).parts[1:]) for path in files.paths))


def _listed(source: Path) -> Undivided:
    parts = list_listed(source)
    if len(parts) > 1 or not parts.keys() <= {None, "train"}:  # as with folders
        named = ", ".join(part for part in parts if part is not None)
        raise DataError(f"{source} is divided already: it says which images are for {named}")
    (files,) = parts.values()
    for label in files.labels:
        _check_name(source, label)
    pairs = sorted(zip(files.targets, files.paths, strict=True))
    paths = tuple(path for _, path in pairs)
    common = os.path.commonpath([path.parent for path in paths])
    ordered = LabelledFiles(files.labels, paths, tuple(target for target, _ in pairs))
    return Undivided(ordered, tuple(path.relative_to(common) for path in paths))


def _check_name(source: Path, label: str) -> None:
    """Refuses labels that would be hidden, or lead elsewhere, as the name of a folder."""
    if label.startswith(".") or not label.isprintable() or set(label) & {"/", "\\", ":"}:
        raise DataError(f"{source}: the label {label!r} cannot be the name of a class folder: call it otherwise")
