"""Runs that are gone on with: what is said where the images are others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cnnkit.errors import UsageError
from cnnkit.train.recipes import make_request
from cnnkit.train.runs import run_training
from cnnkit.train.runs.resuming import refuse_change, trains_longer

RECIPE = {"epochs": 3, "schedule": "constant", "warmup": 0}
CLASSES = {"ants": {"images": 118, "fingerprint": "a"}, "bees": {"images": 40, "fingerprint": "b"}}


def config(**changes: Any) -> dict[str, Any]:
    fields = {"recipe": RECIPE, "weights": None, "seed": 0, "fingerprint": "1", "images": {"train": 158}}
    return {**fields, "classes": CLASSES, **changes}


def stored(folder: Path, fields: dict[str, Any]) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(fields))
    return path


def other(**classes: tuple[int, str]) -> dict[str, Any]:
    return {
        "fingerprint": "2",
        "images": {"train": 9},
        "classes": {name: {"images": images, "fingerprint": mark} for name, (images, mark) in classes.items()},
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param(other(ants=(120, "c"), bees=(40, "b")), "ants: 120 images, were 118;", id="more"),
        pytest.param(other(ants=(118, "a"), bees=(39, "c")), "bees: 39 images, were 40;", id="fewer"),
        pytest.param(other(ants=(118, "c"), bees=(40, "b")), "ants: 118 images, others than before;", id="others"),
        pytest.param(other(ants=(118, "a")), "bees: none, were 40;", id="gone"),
        pytest.param(other(ants=(118, "a"), bees=(40, "b"), moths=(7, "m")), "moths: 7 images, a new class;", id="new"),
        pytest.param(
            other(ants=(118, "a"), bees=(40, "b")), "they are the same ones, divided or ordered otherwise;", id="order"
        ),
        pytest.param(
            other(ants=(1, "c"), bees=(40, "b"), **{f"k{index}": (1, "") for index in range(6)}),
            "ants: 1 images, were 118; k0: 1 images, a new class; k1: 1 images, a new class; k2: 1 images, a new "
            "class; k3: 1 images, a new class; and 2 more classes;",
            id="many",
        ),
    ],
)
def test_other_images_are_said_class_by_class(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    path = stored(tmp_path, config())
    with pytest.raises(UsageError) as error:
        refuse_change(path, config(**changes))
    assert str(error.value) == (
        f"the run cannot be resumed with other images: {said} put them back, train on them with --from {tmp_path} and "
        "another --out, or use --overwrite"
    )


def test_a_run_of_an_earlier_version_has_the_counts_alone_and_is_gone_on_with(tmp_path: Path) -> None:
    fields = config()
    del fields["classes"]
    path = stored(tmp_path, fields)
    refuse_change(path, config())
    assert trains_longer(path, config(recipe={**RECIPE, "epochs": 5}))
    with pytest.raises(UsageError, match="it had 158 train, and now there are 9 train; put them back"):
        refuse_change(path, config(**other(ants=(9, "a"))))


def test_options_are_said_before_images_but_for_those_that_follow_them(tmp_path: Path) -> None:
    path = stored(tmp_path, config())
    with pytest.raises(UsageError, match="other options: seed was 0 and is 1; use"):
        refuse_change(path, config(**other(ants=(1, "c")), seed=1))
    longer = config(**other(ants=(118, "a")), recipe={**RECIPE, "epochs": 5})
    assert not trains_longer(path, longer)
    fitted = config(**other(ants=(118, "a")), recipe={**RECIPE, "batch_size": 16, "learning_rate": 0.1})
    with pytest.raises(UsageError, match="bees: none, were 40"):
        refuse_change(path, fitted)
    with pytest.raises(UsageError, match="bees: none, were 40"):
        refuse_change(path, longer)


def test_a_training_keeps_what_its_classes_have(colour_folder: Path, tmp_path: Path) -> None:
    def train(**flags: Any) -> None:
        asked = {"architecture": "conv2", "size": 8, "epochs": 1, **flags}
        run_training(make_request(str(colour_folder), tmp_path / "run", asked))

    train()
    classes = json.loads((tmp_path / "run" / "config.json").read_text())["classes"]
    assert {name: record["images"] for name, record in classes.items()} == {"blue": 20, "green": 20, "red": 20}
    (colour_folder / "red" / "000.png").unlink()
    shutil.copy(colour_folder / "blue" / "000.png", colour_folder / "green" / "999.png")
    with pytest.raises(UsageError, match=r"images: green: 21 images, were 20; red: 19 images, were 20; put"):
        train(resume=True)
