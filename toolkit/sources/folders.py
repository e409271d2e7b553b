"""The images in a folder and below it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence

from cnnkit.images import IMAGE_SUFFIXES, is_image_file
from cnnkit.sources.found import FoundImage
from cnnkit.sources.kinds import is_hidden


def folder_images(folder: str, exclude: Sequence[str]) -> Iterator[FoundImage]:
    """Searches a folder recursively, sorted, without hidden files, each real folder once.

    Args:
        folder: Its path.
        exclude: Patterns of what is left out, see `is_excluded`.

    Yields:
        Images, files skipped for their suffix, folders that cannot be read, and the folder itself if it holds no image.
    """
    found = False
    for image in _walk(folder, "", set(), exclude):
        found = found or not image.skipped
        yield image
    if not found:
        yield FoundImage(
            folder, problem=f"no image in this folder: expected files named {' '.join(sorted(IMAGE_SUFFIXES))}"
        )


def is_excluded(exclude: Sequence[str], path: str) -> bool:
    """Whether a path, or its name, matches one of the patterns: "*.gif", "old/*"."""
    if not exclude:
        return False
    from fnmatch import fnmatchcase

    name = os.path.basename(path)
    return any(fnmatchcase(name, pattern) or fnmatchcase(path, pattern) for pattern in exclude)


def _walk(folder: str, place: str, seen: set[tuple[int, int]], exclude: Sequence[str]) -> Iterator[FoundImage]:
    """Yields what lies below a folder; `seen` holds the folders entered, so that symlink loops end."""
    try:
        status = os.stat(folder)
        identity = (status.st_dev, status.st_ino)
        if identity in seen:
            return
        seen.add(identity)
        names, others = _list(folder)
    except OSError as error:
        yield FoundImage(folder, problem=f"this folder cannot be read: {error.strerror or error}")
        return
    for name in names:
        path, below = os.path.join(folder, name), os.path.join(place, name)
        if is_hidden(name) or is_excluded(exclude, path):
            continue
        if name in others and os.path.isdir(path):
            yield from _walk(path, below, seen, exclude)
        else:
            read = name not in others or _may_be_read(path)
            yield FoundImage(path, skipped=not (read and is_image_file(path)), place=below)


def _list(folder: str) -> tuple[list[str], set[str]]:
    """Returns the names in a folder, sorted, and those among them that are no plain files: folders, links, pipes."""
    names, others = [], set()
    with os.scandir(folder) as entries:
        for entry in entries:
            names.append(entry.name)
            if not entry.is_file(follow_symlinks=False):
                others.add(entry.name)
    names.sort()
    return names, others


def _may_be_read(path: str) -> bool:
    """Tells files, and broken links to them, from pipes and devices, which might never end."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True  # whoever opens it says why it cannot be read
