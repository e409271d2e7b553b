"""SOURCE arguments of the command line, expanded to image files one by one: nothing is listed before it is needed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from cnnkit.images import IMAGE_SUFFIXES

STDIN = "-"
_PART = 65536  # bytes of stdin at once


@dataclass(frozen=True)
class FoundFile:
    """Something that a SOURCE argument leads to."""

    source: str  # a path; bytes that are no UTF-8 are surrogate escapes
    problem: str | None = None  # why it cannot be looked into
    skipped: bool = False  # found in a folder, and no image by its suffix


def expand_sources(
    sources: Iterable[str], stdin: BinaryIO, *, null_separated: bool = False, exclude: Sequence[str] = ()
) -> Iterator[FoundFile]:
    """Finds the files that SOURCE arguments name, in their order.

    A file named is given whatever its suffix; a folder is searched recursively, sorted, without hidden files, each
    real folder once; a pattern (for shells that leave them alone) gives its matches, sorted.

    Args:
        sources: Paths, folders, patterns, and "-" for the paths on `stdin`, one a line.
        stdin: Read path by path, as far as the files are asked for.
        null_separated: Whether a zero byte ends each path on `stdin` rather than a line's end.
        exclude: Patterns of what is left out of folders and matches: of names, "*.gif", or of whole paths, "old/*".

    Yields:
        Files, files skipped for their suffix, and paths with their problem, such as folders without permission.
    """
    for source in sources:
        if source == STDIN:
            for line in _ended_by_zero(stdin) if null_separated else stdin:
                path = os.fsdecode(line if null_separated else line.rstrip(b"\r\n"))
                if path:
                    yield from _expand(path, exclude)
        else:
            yield from _expand(source, exclude)


def _ended_by_zero(stdin: BinaryIO) -> Iterator[bytes]:
    read, rest = getattr(stdin, "read1", stdin.read), b""  # read1 does not wait for more than there is
    while part := read(_PART):
        *whole, rest = (rest + part).split(b"\0")
        yield from whole
    yield rest


def _expand(source: str, exclude: Sequence[str]) -> Iterator[FoundFile]:
    if os.path.isdir(source):
        yield from _folder(source, exclude)
    elif _is_pattern(source) and not os.path.lexists(source):
        yield from _matches(source, exclude)
    else:
        yield FoundFile(source)


def _folder(source: str, exclude: Sequence[str]) -> Iterator[FoundFile]:
    found = False
    for file in _walk(source, set(), exclude):
        found = found or not file.skipped
        yield file
    if not found:
        yield FoundFile(
            source, problem=f"no image in this folder: expected files named {' '.join(sorted(IMAGE_SUFFIXES))}"
        )


def _is_pattern(source: str) -> bool:
    return any(char in source for char in "*?[")


def _is_excluded(path: str, exclude: Sequence[str]) -> bool:
    if not exclude:
        return False
    from fnmatch import fnmatchcase

    name = os.path.basename(path)
    return any(fnmatchcase(name, pattern) or fnmatchcase(path, pattern) for pattern in exclude)


def _matches(pattern: str, exclude: Sequence[str]) -> Iterator[FoundFile]:
    from glob import glob

    matches = sorted(glob(pattern, recursive=True))
    if "**" in pattern:  # such a pattern gives the files of its folders as well
        matches = [match for match in matches if not os.path.isdir(match)]
    if not matches:
        yield FoundFile(pattern, problem="no file matches this pattern")
    for match in matches:
        if not _is_excluded(match, exclude):
            yield from _walk(match, set(), exclude) if os.path.isdir(match) else (FoundFile(match),)


def _walk(folder: str, seen: set[tuple[int, int]], exclude: Sequence[str]) -> Iterator[FoundFile]:
    """Yields what lies below a folder; `seen` holds the folders entered, so that symlink loops end."""
    try:
        status = os.stat(folder)
        identity = (status.st_dev, status.st_ino)
        if identity in seen:
            return
        seen.add(identity)
        names = sorted(os.listdir(folder))
    except OSError as error:
        yield FoundFile(folder, problem=f"this folder cannot be read: {error.strerror or error}")
        return
    for name in names:
        path = os.path.join(folder, name)
        if not name.startswith(".") and not _is_excluded(path, exclude):
            yield from _entry(path, seen, exclude)


def _entry(path: str, seen: set[tuple[int, int]], exclude: Sequence[str]) -> Iterator[FoundFile]:
    if os.path.isdir(path):
        yield from _walk(path, seen, exclude)
    else:
        image = os.path.splitext(path)[1].lower() in IMAGE_SUFFIXES
        yield FoundFile(path, skipped=not (image and _may_be_read(path)))


def _may_be_read(path: str) -> bool:
    """Tells files, and broken links to them, from pipes and devices, which might never end."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True  # whoever opens it says why it cannot be read
