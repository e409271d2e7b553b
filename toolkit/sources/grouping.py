"""Which images belong together, so that no group of them is torn apart between training and test."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Hashable, Sequence
from pathlib import Path

from cnnkit.errors import UsageError

_ROBOFLOW = re.compile(r"^(?P<key>.+?)_(?:jpg|jpeg|png)\.rf\.[0-9a-f]+$", re.IGNORECASE)  # augmented versions of one
_LAST = r"(?:[ _.-]+(?:copy|[A-Za-z]|(?:burst|frame|f)?\d{1,6})|[ _]*\(\d+\))"
_ENDING = re.compile(rf"^(?P<key>.*?[A-Za-z0-9)].*?){_LAST}$", re.IGNORECASE)
_FEWEST = 5  # groups of a class; fewer are what a camera calls all its photos
_LARGEST = 0.25  # share of a class that one group may be


def group_names(paths: Sequence[Path], pattern: re.Pattern[str] | None) -> tuple[str, ...]:
    """Returns a name of the group of each image of one class, by its file name.

    Frames of a film (clip3_0001, clip3_frame2), series (plant7-a, plant7-b), copies and Roboflow's augmented versions
    share what stands before their last part. Where that makes a few large groups (IMG_0001, IMG_0002), names say
    nothing, and each image is its own group.

    Args:
        paths: The images of one class.
        pattern: Its first group is the name, or all that it matches; None guesses, as above.

    Raises:
        UsageError: The pattern does not fit a file's name.
    """
    stems = [path.stem for path in paths]
    if pattern is not None:
        return tuple(_named(stem, pattern) for stem in stems)
    versions = [match["key"] if (match := _ROBOFLOW.match(stem)) else stem for stem in stems]
    keys = [match["key"] if (match := _ENDING.match(stem)) else stem for stem in versions]
    counts = Counter(keys)
    largest = max(counts.values(), default=0)
    if len(counts) < _FEWEST or largest > max(2.0, _LARGEST * len(keys)):
        return tuple(versions)
    return tuple(keys)


def same_content(paths: Sequence[Path]) -> tuple[str, ...]:
    """Returns the SHA-256 of each file, hexadecimal; copies have the same."""
    return tuple(_digest(path) for path in paths)


def join_groups(*marks: Sequence[Hashable]) -> tuple[int, ...]:
    """Returns a number for the group of each image: those that share a mark are together.

    Args:
        marks: Each kind of mark, one an image: the name of its group, what tells its content.
    """
    parents = list(range(len(marks[0])))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    for kind in marks:
        first: dict[Hashable, int] = {}
        for index, mark in enumerate(kind):
            parents[root(index)] = root(first.setdefault(mark, index))
    return tuple(root(index) for index in range(len(parents)))


def _named(stem: str, pattern: re.Pattern[str]) -> str:
    match = pattern.search(stem)
    if match is None:
        raise UsageError(f"--group-by {pattern.pattern} does not fit the file name {stem!r}")
    return match.group(1) if pattern.groups else match.group()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
