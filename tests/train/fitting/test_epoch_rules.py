from __future__ import annotations

import pytest

from cnnkit.train.fitting.epoch_rules import best_epoch, plateau_rate, should_stop
from cnnkit.train.recipes.recipe import Recipe


def rows(losses: list[float]) -> list[dict[str, float]]:
    return [{"epoch": float(n), "val_loss": loss, "val_accuracy": loss} for n, loss in enumerate(losses, start=1)]


@pytest.mark.parametrize(
    ("rule", "epoch"),
    [
        pytest.param("val_loss", 2, id="the first of the lowest losses"),
        pytest.param("val_accuracy", 1, id="the first of the highest accuracies"),
        pytest.param("last", 5, id="last"),
    ],
)
def test_which_epoch_is_kept(rule: str, epoch: int) -> None:
    assert best_epoch(rows([3.0, 1.0, 2.0, 1.0, 3.0]), rule)["epoch"] == epoch


@pytest.mark.parametrize(
    ("losses", "patience", "stops"),
    [
        pytest.param([], 2, False, id="before the first epoch"),
        pytest.param([1.0, 2.0], 2, False, id="waited one"),
        pytest.param([1.0, 2.0, 2.0], 2, True, id="waited two"),
        pytest.param([2.0, 1.0, 1.0, 1.0], 2, True, id="equal is not better"),
        pytest.param([1.0, 2.0, 2.0], 0, False, id="off"),
    ],
)
def test_early_stopping(losses: list[float], patience: int, stops: bool) -> None:
    assert should_stop(rows(losses), Recipe(early_stopping=patience)) is stops


@pytest.mark.parametrize(
    ("losses", "rate"),
    [
        pytest.param([], 1.0, id="at the start"),
        pytest.param([3.0, 3.0], 1.0, id="waited one"),
        pytest.param([3.0, 3.0, 3.0], 0.5, id="waited two"),
        pytest.param([3.0, 3.0, 3.0, 3.0], 0.5, id="waits anew after a drop"),
        pytest.param([3.0, 3.0, 3.0, 3.0, 3.0], 0.25, id="dropped twice"),
        pytest.param([3.0, 3.0, 2.0, 2.0], 1.0, id="a better one begins anew"),
    ],
)
def test_the_rate_drops_on_a_plateau(losses: list[float], rate: float) -> None:
    recipe = Recipe(learning_rate=1.0, schedule="plateau", decay_every=2, decay_factor=0.5)
    assert plateau_rate(rows(losses), recipe) == rate
