"""Which images calibrate a quantization: drawn class by class, the same ones from the same seed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import DataError, ImageError, SourceError
from cnnkit.sources.class_folders import list_images, read_images, stop_at_failures
from cnnkit.sources.layouts import find_layout
from cnnkit.sources.listed_folders import is_listed, list_listed
from cnnkit.spec import InputSpec
from cnnkit.system import log, sha256

FEW_IMAGES = 32


@dataclass(frozen=True)
class CalibrationSet:
    """The images whose activations decide the ranges of the integers."""

    images: NDArray[np.uint8]  # (N, height, width, channels) in the spec's colour order
    hashes: frozenset[str]  # SHA-256 of each file that was read
    fingerprint: str  # SHA-256 over the sorted hashes


def read_calibration(root: Path, size: int, taken: InputSpec, seed: int, *, strict: bool = False) -> CalibrationSet:
    """Draws and reads calibration images, as many of each class as of the others.

    Args:
        root: A folder of images, with or without class folders; its `train` folder where it has one.
        size: How many images to draw.
        taken: What the model takes.
        seed: The same seed draws the same images.
        strict: Stops at the first that cannot be used, rather than leaving it out.

    Raises:
        SourceError: The folder does not exist or cannot be read.
        DataError: It holds no readable image, or, with `strict`, one that cannot be used.
    """
    paths = draw_balanced(calibration_paths(root), size, seed)
    images, failures = read_images(list(paths), taken)
    warn_of(failures, strict=strict)
    if not len(images):
        raise DataError(f"--calibration {root} holds no readable image, expected some 500 of the kind it will see")
    if len(images) < FEW_IMAGES:
        log.warning("%d calibration images are few: %d or more give safer ranges", len(images), FEW_IMAGES)
    failed = {failure.source for failure in failures}
    hashes = sorted(sha256(path) for path in paths if str(path) not in failed)
    return CalibrationSet(images, frozenset(hashes), hashlib.sha256("\n".join(hashes).encode()).hexdigest())


def calibration_size(root: Path, wanted: int) -> int:
    """Returns how many images of a folder may calibrate where the others are to be measured on: three quarters at most.

    Raises:
        SourceError: There is no such folder.
    """
    there = len(calibration_paths(root))
    return min(wanted, there - there // 4) if there >= 2 * FEW_IMAGES else wanted


def calibration_paths(root: Path, *, flag: str = "--calibration") -> dict[Path, str]:
    """Lists the images that may calibrate: those of `root/train` where there is one, for test images must not.

    Args:
        root: A folder of images, or a list of files and labels.
        flag: What named it, for the message.

    Returns:
        Path -> the name of the class folder it lies in, at whatever depth, or its label; empty where there is none.

    Raises:
        SourceError: There is no such folder.
    """
    if is_listed(root):
        return _listed_paths(root, flag)
    if not root.is_dir():
        raise SourceError(f"{flag} {root}: no such folder, expected a folder of images, or a list of files and labels")
    top = find_layout(root).train
    parts = {path: path.relative_to(top).parts for path in list_images(top)}
    return {path: normalize("NFC", names[0]) if len(names) > 1 else "" for path, names in parts.items()}


def _listed_paths(root: Path, flag: str) -> dict[Path, str]:
    parts = list_listed(root, several=True)
    files = parts.get("train", parts.get(None))
    if files is None:
        raise DataError(f"{flag} {root} lists no training images: give others")
    return {
        path: normalize("NFC", files.labels[target]) for path, target in zip(files.paths, files.targets, strict=True)
    }


def draw_balanced(classes: Mapping[Path, str], count: int, seed: int) -> dict[Path, str]:
    """Draws paths, of each class as many as of the others as long as it has some.

    Args:
        classes: Path -> class.
        count: How many to draw; all where there are no more.
        seed: The same seed draws the same paths from the same mapping.

    Returns:
        The part that was drawn, in the order of `classes`.
    """
    rng = np.random.default_rng(seed)
    members: dict[str, list[Path]] = {}
    for path, name in classes.items():
        members.setdefault(name, []).append(path)
    queues = [_shuffled(members[name], rng) for name in sorted(members)]
    longest = max(map(len, queues), default=0)
    in_turns = [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]
    drawn = set(in_turns[:count])
    return {path: name for path, name in classes.items() if path in drawn}


def warn_of(failures: Sequence[ImageError], *, strict: bool = False) -> None:
    """Says of each image that cannot be used that it is left out.

    Raises:
        DataError: There is one, and `strict` is set.
    """
    stop_at_failures(failures, strict=strict)
    for failure in failures:
        log.warning("%s (left out)", failure)


def _shuffled(paths: list[Path], rng: np.random.Generator) -> list[Path]:
    return [paths[index] for index in rng.permutation(len(paths))]
