"""Image files of one class that are nearly the same: a photo saved twice, cut a little, or the next of a burst."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ImageError
from cnnkit.images import HASH_WORDS, find_groups, perceptual_hash, read_image
from cnnkit.spec import InputSpec
from cnnkit.system import log

_ENOUGH = InputSpec(64, 64, 3)  # pixels that a hash is made of; large JPEGs are decoded smaller
_MOST_THREADS = 16


def group_alike(paths: Sequence[Path], targets: Sequence[int]) -> tuple[int, ...]:
    """Says which images look alike, class by class.

    Args:
        paths: Image files. Those that cannot be read are like no other, and counted in a message.
        targets: The class of each: images of two classes never belong together.

    Returns:
        A number a path, the same one for images that are nearly the same.
    """
    hashes, failed = _hash_files(paths)
    if failed:
        log.warning(
            "%s of %s images cannot be read: whether they are nearly the same as others is not known",
            f"{failed:,}", f"{len(paths):,}",
        )  # fmt: skip
    classes, groups = np.array(targets, np.int64), np.arange(len(paths))
    for target in np.unique(classes):
        members = np.flatnonzero(classes == target)
        groups[members] = members[find_groups(hashes[members])]
    return tuple(groups.tolist())


def _hash_files(paths: Sequence[Path]) -> tuple[NDArray[np.uint64], int]:
    """Returns the (N, 4) hashes of images, 0 for those that cannot be read, and how many these are."""
    hashes, failed = np.zeros((len(paths), HASH_WORDS), np.uint64), 0
    threads = min(os.cpu_count() or 1, _MOST_THREADS)
    with ThreadPoolExecutor(threads, thread_name_prefix="cnnkit-hash") as pool:
        for index, found in enumerate(pool.map(_hash_file, paths)):
            if found is None:
                failed += 1
            else:
                hashes[index] = found
    return hashes, failed


def _hash_file(path: Path) -> NDArray[np.uint64] | None:
    try:
        return perceptual_hash(read_image(path, taken=(_ENOUGH,)).pixels)
    except ImageError as error:
        log.debug("%s", error)
        return None
