"""Makes the JPEG copy of CIFAR-10 on which cnnkit's figures are measured, from the original.

    python tests/scripts/jpeg_cifar10.py cifar10-jpeg                              # from the Keras cache, or downloaded
    python tests/scripts/jpeg_cifar10.py cifar10-jpeg --data-dir cifar-10-batches-bin

Quality 75, chroma subsampled 4:2:0: the quantisation and Huffman tables and the sampling factors are those of libjpeg's
defaults, which the copy was made with. FOLDER/train/CLASS/0000.jpg to 4999.jpg and FOLDER/test/CLASS/0000.jpg to
0999.jpg, numbered within a class in the order of the original; `cnnkit train FOLDER` reads them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import CnnkitError, OutputError
from cnnkit.system import check_new_folder
from cnnkit.train.data.cifar10 import CIFAR10_LABELS, LabelledArrays, read_cifar10

JPEG_OPTIONS = (
    cv2.IMWRITE_JPEG_QUALITY, 75,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
)  # fmt: skip


def write_copy(folder: Path, data_folder: Path | None) -> int:
    """Writes the copy.

    Args:
        folder: Gets train/ and test/; new, or empty.
        data_folder: The folder of CIFAR-10's binary version; None takes the Keras cache, which downloads it.

    Returns:
        How many images were written.

    Raises:
        DataError: The original is missing or damaged.
        OutputError: The folder holds something already, or cannot be written.
    """
    check_new_folder(folder, overwrite=folder.is_dir() and not any(folder.iterdir()))
    splits = dict(zip(("train", "test"), read_cifar10(data_folder), strict=True))
    return sum(_write_split(folder / name, images) for name, images in splits.items())


def _write_split(folder: Path, labelled: LabelledArrays) -> int:
    images, targets = labelled
    for target, label in enumerate(CIFAR10_LABELS):
        _write_class(folder / label, images[targets == target])
    return len(images)


def _write_class(folder: Path, images: NDArray[np.uint8]) -> None:
    folder.mkdir(parents=True)
    for number, image in enumerate(images):
        path = folder / f"{number:04}.jpg"
        if not cv2.imwrite(str(path), image[..., ::-1], JPEG_OPTIONS):
            raise OutputError(f"cannot write {path}: is the disk full?")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data-dir", type=Path, help="folder of the binary version  [default: the Keras cache]")
    options = parser.parse_args()
    try:
        count = write_copy(options.folder, options.data_dir)
    except CnnkitError as error:
        sys.exit(f"error: {error}")
    sys.stdout.write(f"{options.folder}: {count:,} images\n")


if __name__ == "__main__":
    main()
