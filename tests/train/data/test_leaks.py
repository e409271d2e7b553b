"""Planted leaks: images in two splits, and a standardisation fitted on images that are not trained on."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from cnnkit.errors import DataError
from cnnkit.train.architectures import NetworkShape, build_network
from cnnkit.train.data.dataset import Dataset, Split
from cnnkit.train.data.leaks import check_apart, check_standardisation
from cnnkit.train.fitting import learning
from cnnkit.train.recipes.options import make_request
from cnnkit.train.runs.training import run_training


def pixels(count: int, mean: float = 100.0, seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).normal(mean, 20.0, (count, 8, 8, 3))
    return np.clip(values, 0, 255).astype(np.uint8)


def dataset(train: list[int], validation: list[int], test: list[int]) -> Dataset:
    whole = Split.of(pixels(30), np.arange(30) % 3)
    parts = (whole.take(np.array(rows)) for rows in (train, validation, test))
    return Dataset("planted", ("a", "b", "c"), *parts)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        pytest.param(([0, 1, 2], [3, 4], [5, 1, 2]), "2 images are among both the training and the test", id="test"),
        pytest.param(([0, 1, 2], [2], [5]), "1 images are among both the training and the validation", id="validation"),
        pytest.param(([0], [3, 4], [4]), "1 images are among both the validation and the test", id="chosen and tested"),
    ],
)
def test_an_image_in_two_splits_is_refused(parts: tuple[list[int], ...], message: str) -> None:
    with pytest.raises(DataError, match=f"leak: {message} images, expected none"):
        check_apart(dataset(*parts))


def test_splits_apart_pass_and_copies_of_an_image_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    check_apart(dataset([0, 1, 2], [3, 4], [5, 6]))
    assert not caplog.records
    images = pixels(6)
    twice = Split.of(np.concatenate([images[:2], pixels(2, seed=1)]), np.arange(4) % 3)
    with caplog.at_level(logging.WARNING):
        check_apart(Dataset("copies", ("a", "b", "c"), Split.of(images, np.arange(6) % 3), twice, None))
    assert "copies: 2 of 4 validation images have the very pixels of training images" in caplog.text


def test_a_standardisation_of_other_images_is_refused() -> None:
    train = Split.of(pixels(20, mean=100.0), np.zeros(20, np.int64))
    offset, spread = learning.fit_standardisation(train)
    check_standardisation(build_network("conv2", NetworkShape(8, 8, 3, 3, offset, spread)), train)
    shifted = Split.of(np.concatenate([pixels(20, mean=100.0), pixels(5, mean=180.0)]), np.zeros(25, np.int64))
    leaking = NetworkShape(8, 8, 3, 3, *learning.fit_standardisation(shifted))
    with pytest.raises(DataError, match=r"leak: inputs are standardised by 115 .* images alone give 99"):
        check_standardisation(build_network("conv2", leaking), train)


def test_a_planted_leak_stops_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "fit_standardisation", lambda _: (3, 200.0))
    request = make_request("digits", tmp_path / "run", {"epochs": 1, "max_images": 100, "size": 8})
    with pytest.raises(DataError, match="leak: inputs are standardised by 3 and 200"):
        run_training(request)
    assert not (tmp_path / "run").exists()
