"""Divides labelled images into train, val and test: by group, alike in every class, whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnkit.errors import DataError, OutputError, UsageError
from cnnkit.sources.class_folders import LabelledFiles
from cnnkit.sources.grouping import group_names, join_groups, same_content
from cnnkit.sources.near_duplicates import group_alike
from cnnkit.sources.undivided import Undivided, find_undivided
from cnnkit.system import check_new_folder, log, make_folder

PARTS = ("train", "val", "test")
_APART = ", or let near-duplicates be divided with --divide-alike"


@dataclass(frozen=True)
class SplitShares:
    """How images are divided."""

    val: float = 0.15  # share of the images of each class
    test: float = 0.15
    seed: int = 0
    group_by: str | None = None  # a regular expression for file names; None guesses
    link: bool = False  # hard links instead of copies
    keep_alike: bool = True  # images of a class that are nearly the same stay together


@dataclass(frozen=True)
class DividedFolder:
    """What a folder was divided into."""

    out: Path
    labels: tuple[str, ...]
    counts: dict[str, tuple[int, ...]]  # images of each class, by part
    groups: int  # of images that stay together
    images: int
    joined: int = 0  # groups that became part of another one, since their images are nearly the same


def split_folder(source: Path, out: Path, shares: SplitShares) -> DividedFolder:
    """Divides class folders, or the images of a list.

    Args:
        source: Class folders, a list of files and labels, or a folder with such a list.
        out: A new folder; it appears whole or not at all.
        shares: How.

    Raises:
        UsageError: The shares leave nothing to train on, or the pattern is none or does not fit.
        DataError: The images are divided already, of fewer than two classes, one of them has two labels, a class has
            fewer groups than parts, a label cannot be the name of a folder, or two images would become one file.
        SourceError: It cannot be listed.
        OutputError: The new folder exists, or cannot be written.
    """
    if shares.val + shares.test >= 1:
        raise UsageError(f"--val {shares.val:g} and --test {shares.test:g} leave nothing to train on")
    if out.is_dir():
        raise OutputError(f"{out} exists already: name another folder, or remove it first")
    check_new_folder(out, overwrite=False)
    undivided = find_undivided(source)
    files = undivided.files
    apart = _groups(files, shares.group_by)
    groups = join_groups(apart, group_alike(files.paths, files.targets)) if shares.keep_alike else apart
    joined = len(set(apart)) - len(set(groups))
    parts = assign_parts(groups, files, shares, _APART if joined else "")
    _write(undivided, parts, out, link=shares.link)
    counts = Counter(zip(parts, files.targets, strict=True))
    by_part = {part: tuple(counts[part, target] for target in range(len(files.labels))) for part in PARTS}
    return DividedFolder(out, files.labels, by_part, len(set(groups)), len(files.paths), joined)


def assign_parts(groups: Sequence[int], files: LabelledFiles, shares: SplitShares, advice: str = "") -> tuple[str, ...]:
    """Says of each image which part it is for; the same seed and files give the same on every machine.

    In every class, groups are drawn in a random order, into test and val until these have their share.

    Args:
        groups: A number an image, the same for those that stay together.
        files: The images.
        shares: How they are divided.
        advice: What else helps where a class has too few groups.

    Raises:
        DataError: A class has too few groups.
    """
    generator = np.random.default_rng(shares.seed)
    chosen = ["train"] * len(groups)
    wanted = [(part, share) for part, share in (("test", shares.test), ("val", shares.val)) if share > 0]
    for target, label in enumerate(files.labels):
        members: dict[int, list[int]] = {}
        for index, (group, its) in enumerate(zip(groups, files.targets, strict=True)):
            if its == target:
                members.setdefault(group, []).append(index)
        if len(members) <= len(wanted):
            raise DataError(
                f"class {label!r} has {len(members)} groups of images, too few for {len(wanted) + 1} parts: add images"
                f"{advice}"
            )
        total = sum(map(len, members.values()))
        order = [list(members)[index] for index in generator.permutation(len(members))]
        for left, (part, share) in zip(range(len(wanted), 0, -1), wanted, strict=True):
            sizes = {group: len(members[group]) for group in reversed(order)}
            for group in _draw(sizes, share * total, len(order) - left):
                order.remove(group)
                for index in members[group]:
                    chosen[index] = part
    return tuple(chosen)


def _draw(sizes: Mapping[int, int], wanted: float, most: int) -> list[int]:
    """Takes groups in their order as long as they fit, up to so many groups; the smallest one where none fits."""
    drawn, taken = list[int](), 0
    for group, size in sizes.items():
        if len(drawn) < most and taken + size / 2 <= wanted:
            drawn.append(group)
            taken += size
    return drawn or [min(sizes, key=sizes.__getitem__)]


def _groups(files: LabelledFiles, group_by: str | None) -> tuple[int, ...]:
    try:
        pattern = None if group_by is None else re.compile(group_by)
    except re.error as error:
        raise UsageError(f"--group-by {group_by} is no regular expression: {error}") from error
    names = [""] * len(files.paths)
    for target in range(len(files.labels)):
        members = [index for index, its in enumerate(files.targets) if its == target]
        named = group_names([files.paths[index] for index in members], pattern)
        for index, name in zip(members, named, strict=True):
            names[index] = f"{target}/{name}"
    contents = same_content(files.paths)
    _refuse_two_labels(files, contents)
    return join_groups(names, contents)


def _refuse_two_labels(files: LabelledFiles, contents: Sequence[str]) -> None:
    seen: dict[str, int] = {}
    for index, content in enumerate(contents):
        other = seen.setdefault(content, index)
        if files.targets[other] != files.targets[index]:
            raise DataError(
                f"{files.paths[other]} and {files.paths[index]} are the same image under two labels: remove one"
            )


def _write(undivided: Undivided, parts: Sequence[str], out: Path, *, link: bool) -> None:
    files = undivided.files
    make_folder(out.absolute().parent)
    partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.absolute().parent))
    try:
        copied = 0
        for path, target, name, part in zip(files.paths, files.targets, undivided.names, parts, strict=True):
            place = partial / part / files.labels[target] / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(place):  # of two folders of one name in NFC, or of names that this disk takes for one
                twin = f"{part}/{files.labels[target]}/{name}"
                raise DataError(f"{path} and another image would both become {twin}: rename it, or its folder")
            copied += not _place(path, place, link=link)
        if link and copied:
            log.warning("%s of %s images could not be linked and were copied", f"{copied:,}", f"{len(parts):,}")
        partial.chmod(0o755)
        partial.rename(out)
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _place(path: Path, place: Path, *, link: bool) -> bool:
    """Puts an image there, and returns whether it is a link."""
    try:
        if link:
            os.link(path.resolve(), place)
            return True
    except OSError as error:  # another disk, or one without links
        log.debug("%s cannot be linked: %s", path, error)
    shutil.copy2(path, place)
    return False
