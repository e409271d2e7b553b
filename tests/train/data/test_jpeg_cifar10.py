"""The script that makes the JPEG copy of CIFAR-10."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from script_modules import load_script

from cnnkit.errors import DataError, OutputError
from cnnkit.train.data.cifar10 import CIFAR10_LABELS

jpeg_cifar10 = load_script("jpeg_cifar10")
# The start of a baseline frame: 8 bits, 32 x 32, three components; luminance 2 x 2 against chroma 1 x 1 is 4:2:0.
FRAME = bytes.fromhex("ffc0 0011 08 0020 0020 03 012200 021101 031101")


def write_binary_version(folder: Path) -> np.ndarray:
    """Two images a file, smooth as photos are; returns the twelve as (N, 32, 32, 3) uint8 RGB, the tests last."""
    small = np.random.default_rng(0).integers(0, 256, (12, 3, 3, 3), dtype=np.uint8)
    images = np.stack([cv2.resize(image, (32, 32), interpolation=cv2.INTER_CUBIC) for image in small])
    folder.mkdir()
    for index, name in enumerate([*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]):
        pair = images[2 * index : 2 * index + 2].transpose(0, 3, 1, 2)
        (folder / name).write_bytes(b"".join(bytes([9 * turn]) + image.tobytes() for turn, image in enumerate(pair)))
    return images


@pytest.fixture
def binary_version(tmp_path: Path) -> Path:
    write_binary_version(tmp_path / "original")
    return tmp_path / "original"


def markers(data: bytes) -> list[bytes]:
    """The quantisation and Huffman tables and the frame of a JPEG file."""
    found, at = [], 2
    while data[at + 1] != 0xDA:
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] in (0xDB, 0xC0, 0xC4):
            found.append(data[at : at + 2 + length])
        at += 2 + length
    return found


def test_every_image_lies_in_its_class_folder_and_looks_like_the_original(tmp_path: Path) -> None:
    images = write_binary_version(tmp_path / "original")
    assert jpeg_cifar10.write_copy(tmp_path / "copy", tmp_path / "original") == 12
    names = sorted(str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob("*.jpg"))
    numbers = {"train": range(5), "test": range(1)}
    assert names == sorted(
        f"{split}/{label}/{n:04}.jpg" for split in numbers for label in ("airplane", "truck") for n in numbers[split]
    )
    assert {path.name for path in (tmp_path / "copy" / "test").iterdir()} == set(CIFAR10_LABELS)
    expected = {f"train/airplane/{n:04}.jpg": images[2 * n] for n in range(5)}
    expected |= {f"train/truck/{n:04}.jpg": images[2 * n + 1] for n in range(5)}
    expected |= {"test/airplane/0000.jpg": images[10], "test/truck/0000.jpg": images[11]}
    for name, image in expected.items():
        read = cv2.imread(str(tmp_path / "copy" / name))[..., ::-1]
        assert cv2.PSNR(np.ascontiguousarray(read), image) > 30, name  # dB
        assert not np.array_equal(read, image)


def test_chroma_is_subsampled(tmp_path: Path, binary_version: Path) -> None:
    jpeg_cifar10.write_copy(tmp_path / "copy", binary_version)
    assert FRAME in markers((tmp_path / "copy" / "train" / "truck" / "0000.jpg").read_bytes())


def test_the_copy_has_the_tables_of_the_one_that_figures_are_measured_on(tmp_path: Path, binary_version: Path) -> None:
    known = os.environ.get("CNNKIT_CIFAR10_JPEG")
    if not known:
        pytest.skip("CNNKIT_CIFAR10_JPEG is not set")
    jpeg_cifar10.write_copy(tmp_path / "copy", binary_version)
    name = Path("train", "truck", "0000.jpg")
    assert markers((tmp_path / "copy" / name).read_bytes()) == markers((Path(known) / name).read_bytes())


def test_a_folder_with_files_in_it_is_left_alone(tmp_path: Path, binary_version: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "mine.txt").write_text("kept")
    with pytest.raises(OutputError, match="copy exists already"):
        jpeg_cifar10.write_copy(tmp_path / "copy", binary_version)
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["mine.txt"]


def test_a_missing_original_leaves_no_folder_behind(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data_batch_1\.bin is missing"):
        jpeg_cifar10.write_copy(tmp_path / "copy", tmp_path)
    assert not (tmp_path / "copy").exists()
