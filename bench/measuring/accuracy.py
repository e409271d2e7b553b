"""Classifies the same labelled images with every contender."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.bench.answers import Answers
from cnnkit.bench.contenders import Contender
from cnnkit.bench.measuring.runner import Runner
from cnnkit.bench.options import BenchOptions
from cnnkit.errors import DataError, ImageError
from cnnkit.images import read_image
from cnnkit.sources import (
    LabelledFiles,
    LabelledImages,
    has_trained,
    is_listed,
    list_listed,
    list_test_files,
    none_readable,
    read_in_batches,
    stop_at_failures,
    test_split,
)
from cnnkit.spec import InputSpec
from cnnkit.system import log

_PART_BYTES = 256 * 2**20  # of pixels: 85,000 images of 32 x 32, or 1,700 of 224 x 224
_SEED = 0


def list_data(root: Path, contenders: Sequence[Contender], *, strict: bool = False) -> LabelledFiles:
    """Lists the labelled images to classify: those of `root`/test when there is one, else of `root`.

    Args:
        root: A folder, or a list of files and labels.
        contenders: All of the run.
        strict: Reads all of them, and stops at the first that cannot be used.

    Raises:
        DataError: The folder or list is missing, empty, its classes are not the model's, or labels are independent; or,
            with `strict`, an image cannot be used.
    """
    if contenders[0].spec.independent:
        raise DataError(
            f"--data {root}: accuracy is compared of one label an image, and the models give independent ones: leave "
            "it out, and measure them with cnnkit evaluate"
        )
    listed = is_listed(root)
    if not listed and not root.is_dir():
        raise DataError(f"{root}: no such folder, expected a folder of class folders, or a list of files and labels")
    if has_trained(root, contenders[0].spec) and not _is_divided(root, listed=listed):
        log.warning(
            "images of %s trained the model, so its accuracy is flattered: measure with others, or divide the folder "
            "into train and test before the training", root.name,
        )  # fmt: skip
    files = list_test_files(root, contenders[0].spec.labels)
    if not files.paths:
        raise DataError(f"{root} has no images in folders named like the model's classes: {_some(contenders[0])}")
    _check_readable(files, strict=strict)
    return files


def _is_divided(root: Path, *, listed: bool) -> bool:
    return "test" in list_listed(root) if listed else test_split(root) != root


def _check_readable(files: LabelledFiles, *, strict: bool) -> None:
    """Finds one image that can be read, so that a folder without any is not noticed after everything was timed."""
    failures = []
    for path in files.paths:
        try:
            read_image(path).sound(str(path))
        except ImageError as error:
            failures.append(error)
            stop_at_failures(failures, strict=strict)
        else:
            if not strict:
                return
    if failures:
        raise none_readable(failures)


def classify_all(
    contenders: Sequence[Contender],
    runners: Mapping[str, Runner],
    options: BenchOptions,
    files: LabelledFiles,
    part_bytes: int = _PART_BYTES,
) -> Iterator[Answers]:
    """Classifies the images with every contender; those that cannot be read are warned about and left out.

    Where all of them would take too much memory they are read in parts, in an order drawn at random: of a run that is
    interrupted, what is known then is known of a sample of all classes.

    Args:
        contenders: All of the run.
        runners: Name -> loaded contender.
        options: Of the run.
        files: The images.
        part_bytes: Memory for the pixels that are held at a time.

    Yields:
        Of the first part the answers of one contender, then those of two, and so on; then those of all to two parts,
        to three, and so on: an interruption loses only the last.

    Raises:
        DataError: None of the images can be read.
        ModelError: A contender fails.
    """
    log.info("classifying %s images", f"{len(files.paths):,}")
    gathered, failures = _Gathered(files, options.data), list[ImageError]()
    for part in _parts(files, part_bytes // max(map(image_bytes, contenders))):
        with tempfile.TemporaryDirectory(prefix="cnnkit-") as folder:
            read, arrays = _write_arrays(contenders, part, Path(folder))
            failures += read.failures
            gathered.left_out = len(failures)
            if not len(read.targets):
                continue
            first = gathered.add_images(read)
            for contender in contenders:
                indices = runners[contender.name].classify(arrays[_pixels_of(contender)], options.batch_size)
                gathered.add_answers(contender.name, indices)
                if first:
                    yield gathered.answers()
        if not first:
            yield gathered.answers()
    if gathered.empty:
        raise none_readable(failures)


class _Gathered:
    """The answers so far.

    Args:
        files: All images, in the order in which the answers are given.
        root: Of the images.
    """

    def __init__(self, files: LabelledFiles, root: Path | None) -> None:
        self.left_out = 0
        self._places = {str(path): place for place, path in enumerate(files.paths)}
        self._root = root
        self._targets: list[NDArray[np.int64]] = []
        self._sources: list[str] = []
        self._file_bytes: list[int] = []
        self._ranked: dict[str, list[NDArray[np.int64]]] = {}

    @property
    def empty(self) -> bool:
        return not self._sources

    def add_images(self, read: LabelledImages) -> bool:
        """Takes the images of a part, and returns whether it is the first."""
        first = self.empty
        self._targets.append(read.targets)
        self._sources += read.sources
        self._file_bytes += [os.path.getsize(source) for source in read.sources]
        return first

    def add_answers(self, name: str, indices: list[list[int]]) -> None:
        self._ranked.setdefault(name, []).append(np.array(indices, np.int64))

    def answers(self) -> Answers:
        order = np.argsort([self._places[source] for source in self._sources])
        ranked = {name: np.concatenate(parts)[order] for name, parts in self._ranked.items()}
        images = tuple(_below(self._sources[place], self._root) for place in order)
        sizes = tuple(self._file_bytes[place] for place in order)
        return Answers(np.concatenate(self._targets)[order], ranked, images, sizes, self.left_out)


def _parts(files: LabelledFiles, size: int) -> Iterator[LabelledFiles]:
    """Divides images into parts of at most `size`, drawn at random where there is more than one."""
    size, count = max(1, size), len(files.paths)
    order = np.arange(count) if count <= size else np.random.default_rng(_SEED).permutation(count)
    for start in range(0, count, size):
        drawn = np.sort(order[start : start + size])
        yield LabelledFiles(
            files.labels, tuple(files.paths[index] for index in drawn), tuple(files.targets[index] for index in drawn)
        )


def _below(source: str, root: Path | None) -> str:
    """Returns a path without what it says of this machine."""
    path = Path(source)
    root = root.parent if root is not None and root.is_file() else root
    return path.relative_to(root).as_posix() if root is not None and path.is_relative_to(root) else path.name


def _write_arrays(
    contenders: Sequence[Contender], files: LabelledFiles, folder: Path
) -> tuple[LabelledImages, dict[InputSpec, Path]]:
    """Reads the images once for each size and colour order that is wanted, into files that the workers map."""
    arrays: dict[InputSpec, Path] = {}
    for spec in dict.fromkeys(map(_pixels_of, contenders)):
        (read,) = read_in_batches(files, spec, len(files.paths))
        if not arrays:
            for failure in read.failures:
                log.warning("%s", failure)
        arrays[spec] = folder / f"{len(arrays)}.npy"
        np.save(arrays[spec], read.images)
    return read, arrays


def image_bytes(contender: Contender) -> int:
    """Returns the size of an image as the contender takes it, in uint8."""
    taken = contender.spec.input
    return taken.height * taken.width * taken.channels


def _pixels_of(contender: Contender) -> InputSpec:
    """Returns the part of the input spec that decides the pixels: contenders that share it share the images."""
    return replace(contender.spec.input, layout="nhwc", dtype="uint8", scale=1.0, mean=(), std=())


def _some(contender: Contender) -> str:
    labels = contender.spec.labels
    return ", ".join(labels[:5]) + (", ..." if len(labels) > 5 else "")
