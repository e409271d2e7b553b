"""CIFAR-10 (Krizhevsky, 2009), from its binary version or from the Keras cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import DataError
from cnnkit.runtime import import_keras

CIFAR10_LABELS = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
_RECORD_BYTES = 1 + 3 * 32 * 32  # a class, then the red, green and blue planes

LabelledArrays = tuple[NDArray[np.uint8], NDArray[np.int64]]


def read_cifar10(folder: Path | None) -> tuple[LabelledArrays, LabelledArrays]:
    """Reads the 50,000 training and 10,000 test images.

    Args:
        folder: The folder of the binary version (`cifar-10-batches-bin`), or one that holds it; None takes the Keras
            cache and downloads into it where it is empty.

    Returns:
        Training and test data, each (N, 32, 32, 3) uint8 RGB and (N,) int64.

    Raises:
        DataError: The files are missing or damaged, or the download failed.
    """
    if folder is None:
        return _from_keras()
    root = folder / "cifar-10-batches-bin" if (folder / "cifar-10-batches-bin").is_dir() else folder
    train = [_read_batch(root / f"data_batch_{number}.bin") for number in range(1, 6)]
    images, targets = (np.concatenate(parts) for parts in zip(*train, strict=True))
    return (images, targets), _read_batch(root / "test_batch.bin")


def _read_batch(path: Path) -> LabelledArrays:
    if not path.is_file():
        raise DataError(f"{path} is missing: --data-dir takes the folder of CIFAR-10's binary version")
    data = np.fromfile(path, dtype=np.uint8)
    if not data.size or data.size % _RECORD_BYTES:
        raise DataError(f"{path} has {data.size:,} bytes, expected a multiple of {_RECORD_BYTES:,}: download it again")
    records = data.reshape(-1, _RECORD_BYTES)
    targets = records[:, 0].astype(np.int64)
    if targets.max() >= len(CIFAR10_LABELS):
        raise DataError(f"{path} names class {targets.max()}, expected 0 to 9: download it again")
    return np.ascontiguousarray(records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)), targets


def _from_keras() -> tuple[LabelledArrays, LabelledArrays]:
    import_keras("cifar10 without --data-dir")
    from keras.datasets import cifar10

    try:
        train, test = cifar10.load_data()
    except Exception as error:  # keras.utils.get_file raises a bare Exception when a download fails
        raise DataError(
            f"CIFAR-10 is not in the Keras cache and cannot be downloaded ({error}): name its folder with --data-dir"
        ) from error
    return _flat(train), _flat(test)


def _flat(arrays: Any) -> LabelledArrays:
    images, targets = arrays
    return images, targets.reshape(-1).astype(np.int64)
