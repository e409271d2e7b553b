"""Recipes on few images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cnnkit.train.recipes import fit_to_images, make_request


@pytest.mark.parametrize(
    ("flags", "images", "expected"),
    [
        pytest.param({"architecture": "resnet8"}, 45_000, (128, 0.2, 84), id="as published"),
        pytest.param({"architecture": "resnet8"}, 250, (16, 0.025, 84), id="SGD in proportion"),
        pytest.param({"architecture": "conv2"}, 250, (16, 5e-4 * 0.5, 75), id="Adam by the root, more epochs"),
        pytest.param({"architecture": "resnet8", "batch_size": 128}, 250, (128, 0.2, 200), id="batch size said"),
        pytest.param({"architecture": "conv2", "epochs": 3}, 250, (16, 5e-4 * 0.5, 3), id="epochs said"),
        pytest.param({"architecture": "efficientnet_lite0"}, 250, (16, 4e-4 * 0.5**0.5, 19), id="transfer"),
        pytest.param({"architecture": "efficientnet_lite0"}, 5_000, (32, 4e-4, 4), id="transfer, many"),
        pytest.param({"architecture": "efficientnet_lite0", "head_only": True}, 250, (32, 4e-4, 0), id="head alone"),
    ],
)
def test_numbers_follow_the_steps(flags: dict[str, Any], images: int, expected: tuple[int, float, int]) -> None:
    recipe = fit_to_images(make_request("photos", Path("run"), flags), images).recipe
    batch, rate, epochs = expected
    assert (recipe.batch_size, recipe.learning_rate, recipe.epochs) == (batch, pytest.approx(rate), epochs)


def test_fitting_twice_changes_nothing() -> None:
    once = fit_to_images(make_request("photos", Path("run"), {"architecture": "resnet8"}), 250)
    assert fit_to_images(once, 250) == once


def test_a_recipe_of_ones_own_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("batch_size = 128\n")
    asked = make_request("photos", tmp_path, {"architecture": "conv2", "recipe": str(tmp_path / "mine.toml")})
    assert fit_to_images(asked, 20) == asked


def test_a_repeated_run_keeps_its_numbers(tmp_path: Path) -> None:
    from cnnkit.train.runs import run_training

    outcome = run_training(make_request("digits", tmp_path / "a", {"architecture": "conv2", "epochs": 1}))
    repeated = make_request("digits", tmp_path / "b", {"config": outcome.folder / "config.json"})
    assert fit_to_images(repeated, 20).recipe == repeated.recipe
