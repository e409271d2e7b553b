"""The images on which a quantization is measured: never those that calibrated it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import DataError, SourceError
from cnnkit.export.calibration import without
from cnnkit.export.options import QuantizeOptions
from cnnkit.measuring import numbered
from cnnkit.sources import (
    LabelledFiles,
    calibration_paths,
    draw_balanced,
    folder_names,
    is_listed,
    list_images,
    list_test_files,
    list_test_images,
    read_images,
    test_split,
    warn_of,
)
from cnnkit.spec import InputSpec, ModelSpec
from cnnkit.system import log

MOST_LEFT_OVER = 2000  # images of the calibration folder
FEWEST_LEFT_OVER = 32
_CHUNK = 256  # images in memory at once


@dataclass(frozen=True)
class HeldOut:
    """Image files, with their classes where they are known."""

    paths: tuple[Path, ...]
    targets: tuple[int, ...] | None  # index of the label, one a path
    strict: bool = False  # stops at the first image that cannot be used

    def shuffled(self, seed: int) -> HeldOut:
        """Returns the same images in an order in which the first thousand stand for all."""
        order = np.random.default_rng(seed).permutation(len(self.paths))
        targets = None if self.targets is None else tuple(self.targets[index] for index in order)
        return replace(self, paths=tuple(self.paths[index] for index in order), targets=targets)

    def chunks(
        self, taken: InputSpec, start: int = 0, said: int = 0
    ) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64] | None, int]]:
        """Reads the images in parts, leaving out those that cannot be used.

        Args:
            taken: How they are prepared.
            start: The path to begin with: 0, or where an earlier part ended.
            said: Failures of paths before this one were said earlier.

        Yields:
            (n, height, width, channels) uint8, n at least 1; (n,) targets or None; and where the next part starts.
        """
        for first in range(start, len(self.paths), _CHUNK):
            paths = self.paths[first : first + _CHUNK]
            images, failures = read_images(paths, taken)
            if first >= said:
                warn_of(failures, strict=self.strict)
            if not len(images):
                continue
            failed = {failure.source for failure in failures}
            kept = [first + index for index, path in enumerate(paths) if str(path) not in failed]
            yield images, None if self.targets is None else np.array(self.targets, np.int64)[kept], first + len(paths)


def choose_held_out(options: QuantizeOptions, used: frozenset[str], spec: ModelSpec) -> HeldOut | None:
    """Chooses the images to measure on: those of --data, or what calibration left of its folder.

    Args:
        options: The folders.
        used: SHA-256 of the calibration images; files of that content are left out.
        spec: The model's; true labels are not known of images in folders where labels are independent.

    Returns:
        None where --data is not given and too little is left.

    Raises:
        SourceError: --data is no folder.
        DataError: --data has a class folder that is no label of the model, or nothing but calibration images.
    """
    held = _left_over(options, used, spec) if options.data is None else _of_data(options.data, used, spec)
    return None if held is None else replace(held.shuffled(options.seed), strict=options.strict)


def _of_data(data: Path, used: frozenset[str], spec: ModelSpec) -> HeldOut:
    listed = is_listed(data)
    if not listed and not data.is_dir():
        raise SourceError(f"--data {data}: no such folder, expected a folder of images, or a list of files and labels")
    root = data if listed else test_split(data)
    if spec.independent and not listed:  # folders say one label, and an image may have others
        held = HeldOut(tuple(without(list_test_images(data), used)), None)
    elif listed or folder_names(root):
        files = list_test_files(data, spec.labels, several=spec.independent)
        targets = _decisions(files) if spec.independent else files.targets
        held = _select(files.paths, targets, set(without(files.paths, used)))
    else:
        held = HeldOut(tuple(without(list_images(root), used)), None)
    if not held.paths:
        raise DataError(f"--data {data} holds no image beside those that calibrate, expected others")
    return held


def _decisions(files: LabelledFiles) -> tuple[int, ...]:
    """Returns for each image the number that `decided` gives its independent labels."""
    names, sets = files.names or files.labels, files.sets or tuple((label,) for label in files.labels)
    numbers = numbered(np.array([[name in one for name in names] for one in sets], bool))
    return tuple(int(numbers[target]) for target in files.targets)


def _left_over(options: QuantizeOptions, used: frozenset[str], spec: ModelSpec) -> HeldOut | None:
    drawn = draw_balanced(calibration_paths(options.calibration), MOST_LEFT_OVER + len(used), options.seed + 1)
    unused = {path: drawn[path] for path in without(drawn, used)}
    left = draw_balanced(unused, MOST_LEFT_OVER, options.seed + 1)
    if len(left) < FEWEST_LEFT_OVER:
        log.warning("too few images are left to measure the loss of accuracy: name others with --data")
        return None
    known = [normalize("NFC", label) for label in spec.labels]
    if spec.independent or not set(left.values()) <= set(known):
        return HeldOut(tuple(left), None)
    return HeldOut(tuple(left), tuple(known.index(name) for name in left.values()))


def _select(paths: tuple[Path, ...], targets: tuple[int, ...], wanted: set[Path]) -> HeldOut:
    pairs = [(path, target) for path, target in zip(paths, targets, strict=True) if path in wanted]
    return HeldOut(tuple(path for path, _ in pairs), tuple(target for _, target in pairs))
