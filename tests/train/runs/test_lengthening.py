"""Finished runs that are lengthened, and networks that are shown before they are trained."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from cnnkit.errors import UsageError
from cnnkit.train.recipes import make_request
from cnnkit.train.runs import planned_layers, run_training


def test_a_finished_run_is_lengthened_where_its_schedule_allows_it(tmp_path: Path) -> None:
    def train(out: str, epochs: int, schedule: str, **flags: Any) -> Any:
        asked = {"architecture": "conv2", "max_images": 60, "size": 8, "epochs": epochs, "schedule": schedule}
        return run_training(make_request("digits", tmp_path / out, {**asked, "deterministic": True, **flags}))

    train("a", 1, "constant")
    longer = train("a", 2, "constant", resume=True)
    whole = train("b", 2, "constant")
    assert [row["loss"] for row in longer.history] == pytest.approx([row["loss"] for row in whole.history])
    assert '"epochs": 2' in (tmp_path / "a" / "config.json").read_text()
    train("c", 1, "one-cycle")
    with pytest.raises(UsageError, match="one-cycle was laid out for 1 epochs and cannot go on to 2: fine-tune"):
        train("c", 2, "one-cycle", resume=True)


def test_the_layers_are_shown() -> None:
    layers = planned_layers(make_request("digits", None, {"architecture": "conv2", "max_images": 60}))
    assert [layer.kind for layer in layers[:3]] == ["InputLayer", "Rescaling", "Conv2D"]
    assert dataclasses.astuple(layers[-1]) == ("probabilities", "Dense", (10,), 129 * 10, 128 * 10)
