"""The first reading of image files: which can be decoded, what they amount to and, given room, their pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ImageError
from cnnkit.images import DEFAULT_MAX_PIXELS
from cnnkit.sources import LabelledFiles, none_readable, read_images, stop_at_failures
from cnnkit.spec import InputSpec
from cnnkit.system import log
from cnnkit.train.data.dataset import Split
from cnnkit.train.data.image_facts import ImageFacts, measure_images
from cnnkit.train.data.image_stores import FileStore, ImageStore, MemoryStore
from cnnkit.train.data.ordered_reading import map_in_order
from cnnkit.train.progress import StepBar

_CHUNK = 32  # files
_LISTED = 20  # failures named one by one


@dataclass(frozen=True)
class FileRules:
    """Which files are let in."""

    strict: bool = False  # stop at the first that cannot be read, or is damaged, instead of leaving it out
    max_pixels: int = DEFAULT_MAX_PIXELS  # the most pixels to decode of one image


@dataclass(frozen=True)
class _Chunk:
    """Some files after their first reading."""

    readable: tuple[int, ...]  # indices of the files
    images: NDArray[np.uint8] | None  # where they are kept
    facts: ImageFacts
    failures: tuple[ImageError, ...]


def survey_files(files: LabelledFiles, spec: InputSpec, where: str, rules: FileRules, *, keep: bool) -> Split:
    """Reads all files once.

    Args:
        files: Labelled image files.
        spec: Size and colour order that the images are brought to.
        where: What to call the files in messages.
        rules: Which are let in.
        keep: Keeps the pixels in memory; else the files are decoded again whenever they are read.

    Returns:
        The images of the files that can be used, in their order; the others are listed in messages.

    Raises:
        DataError: Not one can be used, or, with `strict`, one cannot.
    """
    count = len(files.paths)
    facts, failures, readable = ImageFacts.empty(count), list[ImageError](), list[int]()
    pixels = np.empty((count if keep else 0, spec.height, spec.width, spec.channels), np.uint8)
    for chunk in _read_chunks(files.paths, spec, where, rules, keep=keep):
        stop_at_failures(chunk.failures, strict=rules.strict)
        part = slice(len(readable), len(readable) + len(chunk.readable))
        facts.put(part, chunk.facts)
        if chunk.images is not None:
            pixels[part] = chunk.images
        readable.extend(chunk.readable)
        failures.extend(chunk.failures)
    _report(failures, count, where)
    if not readable:
        raise none_readable(failures)
    facts = facts.take(np.arange(len(readable)))
    paths = [str(files.paths[index]) for index in readable]
    store: ImageStore = (
        MemoryStore(pixels[: len(readable)], facts, paths) if keep else FileStore(paths, spec, facts, rules.max_pixels)
    )
    return Split.whole(store, np.array(files.targets, np.int64)[readable])


def _read_chunks(
    paths: Sequence[Path], spec: InputSpec, where: str, rules: FileRules, *, keep: bool
) -> Iterator[_Chunk]:
    """Reads files on threads, with a bar of those that are done."""

    def read(start: int) -> _Chunk:
        part = paths[start : start + _CHUNK]
        images, failures = read_images(part, spec, max_pixels=rules.max_pixels)
        failed = {failure.source for failure in failures}
        readable = tuple(start + index for index, path in enumerate(part) if str(path) not in failed)
        return _Chunk(readable, images if keep else None, measure_images(images), failures)

    bar = StepBar(len(paths))
    bar.start(f"reading {where}")
    try:
        for chunk in map_in_order(read, range(0, len(paths), _CHUNK)):
            bar.advance(len(chunk.readable) + len(chunk.failures))
            yield chunk
    finally:
        bar.stop()


def _report(failures: Sequence[ImageError], count: int, where: str) -> None:
    for failure in failures[:_LISTED]:
        log.warning("%s", failure)
    if len(failures) > _LISTED:
        log.warning("... and %s more", f"{len(failures) - _LISTED:,}")
    if failures:
        log.warning("%s: %s of %s images cannot be used and are left out", where, f"{len(failures):,}", f"{count:,}")
