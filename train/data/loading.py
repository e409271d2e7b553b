"""Datasets for training: digits, CIFAR-10, or folders of class folders, as images of one size in three splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import UsageError
from cnnkit.spec import InputSpec
from cnnkit.system import log
from cnnkit.train.data.cifar10 import CIFAR10_LABELS, read_cifar10
from cnnkit.train.data.dataset import Dataset, Split, SplitOptions
from cnnkit.train.data.dividing import divide, keep_share
from cnnkit.train.data.folder_data import FolderOptions, check_dataset_folder, load_folders
from cnnkit.train.data.image_stores import array_store, resize_all

__all__ = ["Dataset", "FolderOptions", "Split", "SplitOptions", "check_dataset_folder", "load_dataset", "resize_all"]


def load_dataset(
    data: str,
    spec: InputSpec,
    splits: SplitOptions,
    *,
    data_folder: Path | None = None,
    max_images: int | None = None,
    folders: FolderOptions | None = None,
) -> Dataset:
    """Loads a dataset.

    Args:
        data: "digits", "cifar10", or the path of a folder: class folders, or `train/` and `test/` (and perhaps
            `val/`) of them.
        spec: Size, colour and resizing of the images.
        splits: How to divide what is not divided.
        data_folder: Where CIFAR-10's binary version lies; None takes the Keras cache, which downloads it.
        max_images: Keep at most this many training images, the same share of each class; None keeps all.
        folders: Further folders, how files are read, and how much is kept in memory.

    Raises:
        DataError: The data is missing, has fewer than two classes, or too few images to divide.
        UsageError: Further folders beside a dataset that is none.
    """
    folders = folders or FolderOptions()
    if data in ("digits", "cifar10"):
        _check_no_folders(data, folders)
        if Path(data).is_dir() and data_folder is None:
            log.warning("%s is the public dataset: for the folder of that name that lies here, say ./%s", data, data)
        limit = folders.cache_mib * 2**20
        dataset = _digits(spec, splits, limit) if data == "digits" else _cifar10(data_folder, spec, splits, limit)
    else:
        dataset = load_folders(Path(data), spec, splits, folders)
    return dataset if max_images is None else keep_share(dataset, max_images, splits.seed)


def _check_no_folders(data: str, folders: FolderOptions) -> None:
    if folders.more_data or folders.val_data or folders.test_data:
        raise UsageError(f"{data} comes with all its images: further folders go with a folder alone")


def _digits(spec: InputSpec, splits: SplitOptions, limit: int) -> Dataset:
    """The handwritten digits of scikit-learn: 1,797 images of 8 x 8, values 0..16 brought to 0..255."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    grey = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    images: NDArray[np.uint8] = np.repeat(grey[..., None], 3, axis=3)
    train = Split.whole(array_store(images, spec, limit), digits.target.astype(np.int64))
    return divide("digits", tuple("0123456789"), train, None, None, splits, hold_out_test=True)


def _cifar10(data_folder: Path | None, spec: InputSpec, splits: SplitOptions, limit: int) -> Dataset:
    arrays = read_cifar10(data_folder)
    share = limit // len(arrays)  # of the memory, for each of the two
    train, test = (Split.whole(array_store(images, spec, share), targets) for images, targets in arrays)
    return divide("cifar10", CIFAR10_LABELS, train, None, test, splits, hold_out_test=True)
