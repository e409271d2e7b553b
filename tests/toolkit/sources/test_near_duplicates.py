"""Image files that are nearly the same, class by class."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data as photos

from cnnkit.sources.near_duplicates import group_alike


def write(path: Path, image: np.ndarray, quality: int = 90) -> Path:
    suffix = [cv2.IMWRITE_JPEG_QUALITY, quality] if path.suffix == ".jpg" else []
    path.write_bytes(cv2.imencode(path.suffix, image[..., ::-1], suffix)[1].tobytes())
    return path


def test_images_of_one_class_that_look_alike_are_one_group(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cat, coffee = photos.cat(), photos.coffee()
    large = cv2.resize(cat, None, fx=6, fy=6)  # decoded smaller, and hashed alike
    paths = [
        write(tmp_path / "cat.png", cat),
        write(tmp_path / "coffee.png", coffee),
        write(tmp_path / "again.jpg", cat, 40),
        write(tmp_path / "large.jpg", large),
        write(tmp_path / "other class.png", cat),
        tmp_path / "broken.jpg",
        tmp_path / "broken too.jpg",
    ]
    for path in paths[-2:]:
        path.write_bytes(b"no image")
    groups = group_alike(paths, (0, 0, 0, 0, 1, 0, 0))
    assert groups[0] == groups[2] == groups[3]
    assert len(set(groups)) == 5
    assert caplog.messages == ["2 of 7 images cannot be read: whether they are nearly the same as others is not known"]
