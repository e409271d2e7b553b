from __future__ import annotations

import math
from pathlib import Path

import cv2
import pytest

from cnnkit.train.pictures import draw_curves, training_curve

ROWS = (
    {"epoch": 1.0, "loss": 5.0, "plain_loss": 2.0, "accuracy": 0.25, "val_loss": 2.1, "val_accuracy": 0.2},
    {"epoch": 2.0, "loss": 4.0, "plain_loss": 1.5, "accuracy": 0.5, "val_loss": 1.6, "val_accuracy": 0.4},
)


@pytest.mark.parametrize(("name", "values"), [("loss", [2.0, 1.5]), ("accuracy", [0.25, 0.5])])
def test_training_curves_are_what_validation_curves_are(name, values) -> None:
    """The loss with penalties on weights would lie far above that of the validation images, which has none."""
    assert training_curve(ROWS, name) == values


def test_epochs_of_a_version_that_kept_no_plain_loss_are_left_out(tmp_path: Path) -> None:
    old = {name: value for name, value in ROWS[0].items() if name != "plain_loss"}
    first, second = training_curve((old, ROWS[1]), "loss")
    assert math.isnan(first) and second == 1.5
    draw_curves((old, ROWS[1]), 2.0, tmp_path / "curves.png")
    assert min(cv2.imread(str(tmp_path / "curves.png")).shape[:2]) > 200
