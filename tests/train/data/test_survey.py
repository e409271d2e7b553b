"""Class folders as they are found: files that are no images, of all kinds and sizes, with names in any script."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from image_files import damaged_jpeg, encode, encode_cv2, photo

from cnnkit.cli import main
from cnnkit.errors import DataError
from cnnkit.spec import InputSpec
from cnnkit.train.data.dataset import SplitOptions
from cnnkit.train.data.loading import FolderOptions, load_dataset
from cnnkit.train.data.survey import FileRules

SPEC = InputSpec(16, 16, 3, dtype="float32")
JPEG = encode(photo(), "JPEG")
QUICK = ["--arch", "conv2", "--size", "16", "--epochs", "1", "--batch-size", "16"]

HURT = damaged_jpeg()

BAD = {
    "corrupt.png": (b"\x89PNG\r\n\x1a\nnothing", "truncated PNG: data ends after 15 bytes"),
    "cut.jpg": (JPEG[: len(JPEG) // 2], "truncated JPEG"),
    "damaged.jpg": (HURT, "damaged JPEG: "),
    "empty.jpg": (b"", "empty file"),
    "text.jpg": (b"not a picture", "not an image: expected JPEG, PNG, WebP, "),
    "wide.png": (encode(np.zeros((90, 100, 3), np.uint8), "PNG"), "100 x 90 pixels, more than the limit of 8,000"),
}


def put(folder: Path, **files: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


@pytest.mark.parametrize("cache_mib", [1, 0], ids=["in memory", "read anew"])
def test_files_that_are_no_usable_images_are_listed_and_left_out(
    colour_folder: Path, caplog: pytest.LogCaptureFixture, cache_mib: int
) -> None:
    clean = load_dataset(str(colour_folder), SPEC, SplitOptions())
    for name, (data, _) in BAD.items():
        put(colour_folder / "green", **{name: data})
    put(colour_folder / "red", **{"notes.txt": b"no image by its name"})
    options = FolderOptions(rules=FileRules(max_pixels=8000), cache_mib=cache_mib)
    with caplog.at_level("WARNING", logger="cnnkit"):
        dataset = load_dataset(str(colour_folder), SPEC, SplitOptions(), folders=options)
    assert dataset.record() == clean.record()
    *named, total = [record.getMessage() for record in caplog.records]
    assert total == "train: 6 of 66 images cannot be used and are left out"
    for line, (name, (_, reason)) in zip(named, BAD.items(), strict=True):
        assert line.startswith(f"{colour_folder / 'green' / name}: {reason}")


def test_of_very_many_bad_files_twenty_are_named(colour_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(colour_folder / "red", **{f"x{index:04}.jpg": b"" for index in range(1234)})
    with caplog.at_level("WARNING", logger="cnnkit"):
        load_dataset(str(colour_folder), SPEC, SplitOptions())
    lines = [record.getMessage() for record in caplog.records]
    assert lines[:20] == [f"{colour_folder / 'red' / f'x{index:04}.jpg'}: empty file" for index in range(20)]
    assert lines[20:] == ["... and 1,214 more", "train: 1,234 of 1,294 images cannot be used and are left out"]


def test_strict_stops_before_the_training_and_leaves_nothing(colour_folder: Path, tmp_path: Path) -> None:
    put(colour_folder / "green", **{"cut.jpg": BAD["cut.jpg"][0], "empty.jpg": b""})
    out = tmp_path / "run"
    result = CliRunner().invoke(main, ["train", str(colour_folder), *QUICK, "--strict", "--out", str(out)])
    assert result.exit_code == 1 and result.stderr.count("\n") == 1
    assert "cut.jpg: truncated JPEG" in result.stderr and "--strict stops here; mend or remove it" in result.stderr
    assert not out.exists()


def test_the_command_lists_bad_files_and_trains_on_the_others(colour_folder: Path, tmp_path: Path) -> None:
    put(colour_folder / "green", **{"empty.jpg": b"", "wide.png": BAD["wide.png"][0], "notes.txt": b""})
    arguments = [str(colour_folder), *QUICK, "--max-pixels", "8000", "--out", str(tmp_path / "run")]
    result = CliRunner().invoke(main, ["train", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    assert f"cnnkit: warning: {colour_folder / 'green' / 'empty.jpg'}: empty file\n" in result.stderr
    assert "100 x 90 pixels, more than the limit of 8,000 (--max-pixels)\n" in result.stderr
    assert "cnnkit: warning: train: 2 of 62 images cannot be used and are left out\n" in result.stderr
    assert f"{colour_folder / 'green'}: skipped 1 files that are no images by name or content\n" in result.stderr
    assert "colours: 42 training, 6 validation, 12 test images, 3 classes" in result.stderr


@pytest.mark.parametrize("cache_mib", ["1", "0"], ids=["in memory", "read anew"])
def test_sizes_colours_and_depths_may_be_mixed(tmp_path: Path, cache_mib: str) -> None:
    cat, deep = photo(), photo().astype(np.uint16) * 257
    clear = np.dstack([cat, np.full(cat.shape[:2], 128, np.uint8)])
    kinds = {
        "rgb.jpg": JPEG,
        "rgb.webp": encode(cat, "WEBP"),
        "grey.png": encode(cat[..., 0], "PNG"),
        "alpha.png": encode(clear, "PNG"),
        "16-bit.png": encode_cv2(deep, ".png"),
        "16-bit grey.tiff": encode_cv2(deep[..., 0], ".tiff"),
        "palette.gif": encode(cat, "GIF"),
        "one pixel.bmp": encode(cat[:1, :1], "BMP"),
        "long.png": encode(photo(3, 200), "PNG"),
        "large.jpg": encode(cv2.resize(cat, (1500, 900)), "JPEG"),
    }
    for label in ("one", "two"):
        put(tmp_path / "data" / label, **kinds)
    out = tmp_path / "run"
    arguments = [str(tmp_path / "data"), *QUICK, "--image-cache", cache_mib, "--out", str(out)]
    result = CliRunner().invoke(main, ["train", *arguments], catch_exceptions=False)
    assert result.exit_code == 0 and "cannot be read" not in result.stderr
    assert "data: 14 training, 2 validation, 4 test images, 2 classes" in result.stderr


def test_labels_in_any_script_and_in_both_forms_of_unicode(tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "Käfer") for form in ("NFC", "NFD"))
    for root, beetle in (("train", composed), ("train", decomposed), ("test", decomposed)):
        for label in (beetle, "猫", "سمكة"):
            name = f"{len(list((tmp_path / root).glob('*/*')))}.jpg"
            put(tmp_path / root / label, **{f"{index}-{name}": JPEG for index in range(4)})
    assert len(list((tmp_path / "train").iterdir())) == 4
    dataset = load_dataset(str(tmp_path), SPEC, SplitOptions())
    assert dataset.labels == ("Käfer", "سمكة", "猫") and dataset.labels[0] == composed
    assert np.bincount(np.concatenate([dataset.train.targets, dataset.validation.targets])).tolist() == [8, 8, 8]
    assert dataset.test is not None and np.bincount(dataset.test.targets).tolist() == [4, 4, 4]


def test_a_class_of_unreadable_images_alone(colour_folder: Path) -> None:
    for path in (colour_folder / "red").iterdir():
        path.write_bytes(b"")
    with pytest.raises(DataError, match="class 'red' has no image that can be used: add some or remove the folder"):
        load_dataset(str(colour_folder), SPEC, SplitOptions())


def test_a_class_missing_from_test_is_said_and_measured_without(
    tmp_path: Path, write_colours: Callable[..., None]
) -> None:
    for name in ("train", "val", "test"):
        write_colours(tmp_path / name, 8)
    for path in (tmp_path / "test" / "red").iterdir():
        path.unlink()
    result = CliRunner().invoke(main, ["train", str(tmp_path), *QUICK, "--out", str(tmp_path / "run")])
    assert result.exit_code == 0, result.stderr
    assert "cnnkit: warning: test holds no images of red\n" in result.stderr
    assert "24 training, 24 validation, 16 test images, 3 classes" in result.stderr
