"""Datasets for training: digits, CIFAR-10, or a folder of class folders, as images of one size in three splits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import DataError
from cnnkit.folders import LabelledImages, list_class_folder, read_labelled
from cnnkit.messages import log
from cnnkit.preprocess import resize_image
from cnnkit.spec import DatasetRecord, InputSpec
from cnnkit.train.cifar10 import CIFAR10_LABELS, read_cifar10
from cnnkit.train.splits import stratified_split, three_way_split


@dataclass(frozen=True)
class Split:
    """Images of one size with their classes."""

    images: NDArray[np.uint8]  # (N, height, width, channels) in 0..255
    targets: NDArray[np.int64]  # (N,) index into the labels

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, indices: NDArray[np.int64]) -> Split:
        """Returns the images at some indices."""
        return Split(self.images[indices], self.targets[indices])


@dataclass(frozen=True)
class Dataset:
    """What a network is trained, chosen and, once, tested on."""

    name: str
    labels: tuple[str, ...]
    train: Split
    validation: Split
    test: Split | None

    def record(self) -> DatasetRecord:
        """Returns the name, the image counts and a SHA-256 over all images and classes."""
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        present = {name: split for name, split in splits.items() if split is not None}
        digest = hashlib.sha256(repr(self.labels).encode())
        for split in present.values():
            digest.update(split.images.tobytes())
            digest.update(split.targets.tobytes())
        return DatasetRecord(self.name, {name: len(split) for name, split in present.items()}, digest.hexdigest())


@dataclass(frozen=True)
class SplitOptions:
    """How images are divided where the dataset does not say so itself."""

    validation: float = 0.1  # share of the training images held out to choose the epoch
    test: float = 0.2  # share of all images held out to measure with; only where there is no test split
    seed: int = 0


def load_dataset(
    data: str, spec: InputSpec, splits: SplitOptions, *, data_folder: Path | None = None, max_images: int | None = None
) -> Dataset:
    """Loads a dataset.

    Args:
        data: "digits", "cifar10", or the path of a folder: class folders, or `train/` and `test/` (and perhaps
            `val/`) of them.
        spec: Size, colour and resizing of the images.
        splits: How to divide what is not divided.
        data_folder: Where CIFAR-10's binary version lies; None takes the Keras cache, which downloads it.
        max_images: Keep at most this many training images, the same share of each class; None keeps all.

    Raises:
        DataError: The data is missing, has fewer than two classes, or too few images to divide.
    """
    if data == "digits":
        dataset = _from_arrays("digits", tuple("0123456789"), _digits(spec), None, splits)
    elif data == "cifar10":
        train, test = (Split(resize_all(images, spec), targets) for images, targets in read_cifar10(data_folder))
        dataset = _from_arrays("cifar10", CIFAR10_LABELS, train, test, splits)
    else:
        dataset = _folder(Path(data), spec, splits)
    if max_images is not None and max_images < len(dataset.train):
        kept, _ = stratified_split(dataset.train.targets, 1 - max_images / len(dataset.train), splits.seed)
        dataset = Dataset(dataset.name, dataset.labels, dataset.train.take(kept), dataset.validation, dataset.test)
    return dataset


def resize_all(images: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.uint8]:
    """Brings (N, H, W, 3) uint8 RGB images to the spec's size and colour, as `predict` would."""
    if spec.channels == 3 and images.shape[1:3] == (spec.height, spec.width):
        return images if spec.color == "rgb" else np.ascontiguousarray(images[..., ::-1])
    return np.stack([resize_image(image, spec) for image in images])


def _digits(spec: InputSpec) -> Split:
    """The handwritten digits of scikit-learn: 1,797 images of 8 x 8, values 0..16 brought to 0..255."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    grey = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    return Split(resize_all(np.repeat(grey[..., None], 3, axis=3), spec), digits.target.astype(np.int64))


def check_dataset_folder(root: Path) -> None:
    """Refuses data that is neither a dataset's name nor a folder.

    Raises:
        DataError: There is no such folder.
    """
    if not root.is_dir():
        raise DataError(f"no dataset {str(root)!r}: expected digits, cifar10 or a folder of class folders")


def _folder(root: Path, spec: InputSpec, splits: SplitOptions) -> Dataset:
    check_dataset_folder(root)
    divided = (root / "train").is_dir()
    train = _read(root / "train" if divided else root, None, spec)
    test = _split(_read(root / "test", train.labels, spec)) if divided and (root / "test").is_dir() else None
    name = root.resolve().name
    if not divided or not (root / "val").is_dir():
        return _from_arrays(name, train.labels, _split(train), test, splits, divided=divided)
    validation = _read(root / "val", train.labels, spec)
    return Dataset(name, train.labels, _split(train), _split(validation), test)


def _read(root: Path, labels: tuple[str, ...] | None, spec: InputSpec) -> LabelledImages:
    read = read_labelled(list_class_folder(root, labels), spec)
    if read.failures:
        log.warning("%s: %d images cannot be read and were left out", root.name, len(read.failures))
    return read


def _split(read: LabelledImages) -> Split:
    return Split(read.images, read.targets)


def _from_arrays(
    name: str, labels: tuple[str, ...], train: Split, test: Split | None, splits: SplitOptions, *, divided: bool = False
) -> Dataset:
    """Holds out a test split, unless there is one or the folder is divided by hand, and a validation split."""
    _check_classes(labels, train.targets)
    held_out_test = splits.test if test is None and not divided else 0.0
    kept, held_out, tested = three_way_split(train.targets, splits.validation, held_out_test, splits.seed)
    if not len(held_out):
        raise DataError(f"{name} has {len(train)} training images, too few to hold some out for validation: add images")
    return Dataset(name, labels, train.take(kept), train.take(held_out), train.take(tested) if held_out_test else test)


def _check_classes(labels: tuple[str, ...], targets: NDArray[np.int64]) -> None:
    counts = np.bincount(targets, minlength=len(labels))
    empty = [label for label, count in zip(labels, counts, strict=True) if not count]
    if empty:
        raise DataError(f"class {empty[0]!r} has no readable image: add some or remove its folder")
