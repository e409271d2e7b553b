"""Datasets in folders: one or several of class folders to train on, and perhaps others to validate and test on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, permutations
from pathlib import Path
from typing import Any

import numpy as np

from cnnkit.errors import DataError
from cnnkit.sources import (
    LabelledFiles,
    Layout,
    class_names,
    find_layout,
    is_listed,
    list_class_folder,
    list_listed,
)
from cnnkit.spec import InputSpec
from cnnkit.system import log
from cnnkit.train.data.dataset import Dataset, SplitOptions
from cnnkit.train.data.dividing import check_classes, divide
from cnnkit.train.data.image_stores import image_bytes
from cnnkit.train.data.survey import FileRules, survey_files

DEFAULT_CACHE_MIB = 1024


@dataclass(frozen=True)
class FolderOptions:
    """What a dataset has besides its first folder, and how its files are read."""

    more_data: tuple[str, ...] = ()  # further folders of class folders to train on
    val_data: Path | None = None  # class folders that choose the epoch, instead of a share of the training images
    test_data: Path | None = None  # class folders to measure with
    rules: FileRules = field(default_factory=FileRules)
    cache_mib: int = DEFAULT_CACHE_MIB  # decoded images are kept in memory where all take up to so much


@dataclass(frozen=True)
class _Folders:
    train: tuple[Path, ...]
    validation: Path | None
    test: Path | None
    divided: bool  # by hand: no test images are held out


def load_folders(root: Path, spec: InputSpec, splits: SplitOptions, options: FolderOptions) -> Dataset:
    """Reads a dataset of folders.

    Args:
        root: Class folders, or `train/` and perhaps `val/` and `test/` of them, as `cnnkit.sources.layouts` finds them;
            a list of files and labels, or a folder with such lists.
        spec: Size, colour and resizing of the images.
        splits: How to divide what is not divided.
        options: Further folders, and how files are read.

    Raises:
        DataError: A folder is missing, given twice, or holds a class that training has not; fewer than two classes;
            one without readable images; or too few images to divide.
        SourceError: A folder cannot be listed.
    """
    train, others, divided = _list_listed(root, options) if _is_listed(root) else _list_folders(root, options)
    count = len(train.paths) + sum(len(files.paths) for files in others.values())
    keep = count * image_bytes(spec) <= options.cache_mib * 2**20
    if not keep:
        log.info(
            "%s images take %s MiB decoded, more than the %s of --image-cache: they are read from their files in every "
            "epoch", f"{count:,}", f"{count * image_bytes(spec) / 2**20:,.0f}", f"{options.cache_mib:,}"
        )  # fmt: skip
    read = {
        name: survey_files(files, spec, name, options.rules, keep=keep)
        for name, files in {"train": train, **others}.items()
    }
    if not train.names:
        check_classes(train.labels, read["train"].targets)
        for name in others:
            _say_missing(name, train.labels, read[name].targets.tolist())
    name = "+".join(folder.resolve().name for folder in (root, *map(Path, options.more_data)))
    parts = read["train"], read.get("val"), read.get("test")
    dataset = divide(name, train.labels, *parts, splits, not divided, checked=not train.names)
    return replace(dataset, names=train.names, sets=train.sets)


def _list_folders(root: Path, options: FolderOptions) -> tuple[LabelledFiles, dict[str, LabelledFiles], bool]:
    """Returns the training images, those of other parts, and whether the dataset was divided by hand."""
    folders = _choose(root, options)
    _check_apart(folders)
    train = _list_training(folders.train)
    return train, _list_others(folders, train.labels), folders.divided


def _list_listed(root: Path, options: FolderOptions) -> tuple[LabelledFiles, dict[str, LabelledFiles], bool]:
    """As above, for lists of files and labels."""
    if options.more_data:
        raise DataError(f"{root} is a list of images: further folders go with a folder alone")
    parts = list_listed(root, several=True)
    named = {part for part in parts if part is not None}
    if named and None in parts:
        raise DataError(f"{root} says of some images which part they are for, and not of others: fill the column")
    if named and "train" not in named:
        raise DataError(f"{root} names the parts {', '.join(sorted(named))} and no train: add training images")
    train = parts["train" if named else None]
    others = {part: files for part, files in parts.items() if part in ("val", "test") and files.paths}
    given = _Folders((), options.val_data, options.test_data, True)
    if train.names and (options.val_data or options.test_data):
        raise DataError(f"{root} gives several labels an image: say its parts in a column of splits, in the same list")
    others |= _list_others(given, train.labels)
    return train, {str(part): files for part, files in others.items()}, bool(others)


def _is_listed(root: Path) -> bool:
    check_dataset_folder(root)
    return is_listed(root)


def _list_others(folders: _Folders, labels: tuple[str, ...]) -> dict[Any, LabelledFiles]:
    return {
        name: list_class_folder(folder, labels)
        for name, folder in (("val", folders.validation), ("test", folders.test))
        if folder is not None
    }


def check_dataset_folder(root: Path) -> None:
    """Refuses data that is neither a dataset's name, nor a folder, nor a list of images.

    Raises:
        DataError: There is no such folder.
    """
    if not root.is_dir() and not is_listed(root):
        raise DataError(
            f"no dataset {str(root)!r}: expected digits, cifar10 or a folder of class folders, or a list of files "
            "and labels (.csv, .tsv, .txt)"
        )


def _choose(root: Path, options: FolderOptions) -> _Folders:
    more = tuple(map(Path, options.more_data))
    for folder in (root, *more, *filter(None, (options.val_data, options.test_data))):
        check_dataset_folder(folder)
    layout = Layout(root) if more else find_layout(root)
    return _Folders(
        train=(layout.train, *more),
        validation=options.val_data or layout.val,
        test=options.test_data or layout.test,
        divided=layout.divided or options.val_data is not None or options.test_data is not None,
    )


def _check_apart(folders: _Folders) -> None:
    """Refuses folders of which one is or holds another: its images would count twice, or train and test alike."""
    given = [path for path in (*folders.train, folders.validation, folders.test) if path is not None]
    for one, other in permutations(given, 2):
        inner, outer = one.resolve(), other.resolve()
        if inner == outer:
            raise DataError(f"the folder {one} is given twice: name every folder once")
        if outer in inner.parents:
            raise DataError(f"{one} lies in {other}, which is given as well: name folders that lie apart")


def _list_training(roots: Sequence[Path]) -> LabelledFiles:
    """Lists the images of all folders; their classes are joined."""
    if len(roots) == 1:
        return list_class_folder(roots[0])
    names = {root: class_names(root) for root in roots}
    labels = tuple(sorted(set(chain.from_iterable(names.values()))))
    if len(labels) < 2:
        raise DataError(f"all folders hold one class ({labels[0]}), expected at least two: a folder a class")
    parts = [list_class_folder(root, labels) for root in roots]
    for root, part in zip(roots, parts, strict=True):
        _say_missing(root.name, labels, part.targets)
    paths = tuple(chain.from_iterable(part.paths for part in parts))
    targets = tuple(chain.from_iterable(part.targets for part in parts))
    check_classes(labels, np.array(targets, np.int64))
    return LabelledFiles(labels, paths, targets)


def _say_missing(where: str, labels: Sequence[str], targets: Sequence[int]) -> None:
    there = set(targets)
    missing = [label for index, label in enumerate(labels) if index not in there]
    if missing:
        shown = ", ".join(missing[:5]) + (f", ... ({len(missing)})" if len(missing) > 5 else "")
        log.warning("%s holds no images of %s", where, shown)
