"""How right the contenders are on the same images, and how often each says what the original says."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.bench.contenders import Contender
from cnnkit.bench.options import BenchOptions
from cnnkit.bench.runner import Runner
from cnnkit.errors import DataError, ImageError
from cnnkit.folders import LabelledFiles, has_trained, list_class_folder, none_readable, read_labelled, test_split
from cnnkit.images import read_image
from cnnkit.messages import log
from cnnkit.spec import InputSpec


@dataclass(frozen=True)
class Answers:
    """The answers of all contenders to the same images, as indices into the labels."""

    targets: NDArray[np.int64]  # (N,) the right ones
    ranked: Mapping[str, NDArray[np.int64]]  # name of the contender -> (N, up to 5), the most probable first
    images: tuple[str, ...]  # (N,) paths below the data folder

    def predicted(self, name: str) -> NDArray[np.int64]:
        """Returns the (N,) first answers of a contender."""
        return self.ranked[name][:, 0]


def list_data(root: Path, contenders: Sequence[Contender]) -> LabelledFiles:
    """Lists the labelled images to classify: those of `root`/test when there is one, else of `root`.

    Raises:
        DataError: The folder is missing, empty, or its classes are not the model's.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder, expected a folder of class folders")
    if has_trained(root, contenders[0].spec) and test_split(root) == root:
        log.warning(
            "images of %s trained the model, so its accuracy is flattered: measure with others, or divide the folder "
            "into train and test before the training", root.name,
        )  # fmt: skip
    files = list_class_folder(test_split(root), contenders[0].spec.labels)
    if not files.paths:
        raise DataError(f"{root} has no images in folders named like the model's classes: {_some(contenders[0])}")
    _check_readable(files)
    return files


def _check_readable(files: LabelledFiles) -> None:
    """Finds one image that can be read, so that a folder without any is not noticed after everything was timed."""
    failures = []
    for path in files.paths:
        try:
            read_image(path)
        except ImageError as error:
            failures.append(error)
        else:
            return
    raise none_readable(failures)


def classify_all(
    contenders: Sequence[Contender], runners: Mapping[str, Runner], options: BenchOptions, files: LabelledFiles
) -> Iterator[Answers]:
    """Classifies the images with every contender; those that cannot be read are warned about and left out.

    Yields:
        The answers of one contender, then those of two, and so on: an interruption loses only the last.

    Raises:
        DataError: None of the images can be read.
        ModelError: A contender fails.
    """
    log.info("classifying %s images", f"{len(files.paths):,}")
    ranked: dict[str, NDArray[np.int64]] = {}
    with tempfile.TemporaryDirectory(prefix="cnnkit-") as folder:
        targets, sources, arrays = _write_arrays(contenders, files, Path(folder))
        images = tuple(_below(source, options.data) for source in sources)
        for contender in contenders:
            indices = runners[contender.name].classify(arrays[_pixels_of(contender)], options.batch_size)
            ranked[contender.name] = np.array(indices, np.int64)
            yield Answers(targets, dict(ranked), images)


def _below(source: str, root: Path | None) -> str:
    """Returns a path without what it says of this machine."""
    path = Path(source)
    return path.relative_to(root).as_posix() if root is not None and path.is_relative_to(root) else path.name


def _write_arrays(
    contenders: Sequence[Contender], files: LabelledFiles, folder: Path
) -> tuple[NDArray[np.int64], tuple[str, ...], dict[InputSpec, Path]]:
    """Reads the images once for each size and colour order that is wanted, into files that the workers map."""
    targets, sources = np.empty(0, np.int64), tuple[str, ...]()
    arrays: dict[InputSpec, Path] = {}
    for spec in dict.fromkeys(map(_pixels_of, contenders)):
        read = read_labelled(files, spec)
        targets, sources = read.targets, read.sources
        arrays[spec] = folder / f"{len(arrays)}.npy"
        np.save(arrays[spec], read.images)
    return targets, sources, arrays


def _pixels_of(contender: Contender) -> InputSpec:
    """Returns the part of the input spec that decides the pixels: contenders that share it share the images."""
    return replace(contender.spec.input, layout="nhwc", dtype="uint8", scale=1.0, mean=(), std=())


def _some(contender: Contender) -> str:
    labels = contender.spec.labels
    return ", ".join(labels[:5]) + (", ..." if len(labels) > 5 else "")
