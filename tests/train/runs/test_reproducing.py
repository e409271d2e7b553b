"""The command that repeats a training asks for the same training."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from cnnkit.commands.options.training import training_options
from cnnkit.spec import DatasetRecord
from cnnkit.train.recipes.options import make_request
from cnnkit.train.recipes.request import TrainingRequest
from cnnkit.train.runs.reproducing import train_command
from cnnkit.train.runs.training import run_config


def parsed(command: str) -> TrainingRequest:
    """What `cnnkit train` makes of a command."""
    requests = []

    @click.command()
    @click.argument("data")
    @training_options
    def train(data: str, **flags: Any) -> None:
        requests.append(make_request(data, Path("run"), flags))

    words = shlex.split(command)
    assert words[:2] == ["cnnkit", "train"]
    assert CliRunner().invoke(train, words[2:], catch_exceptions=False).exit_code == 0
    return requests[0]


@pytest.mark.parametrize(
    ("data", "flags"),
    [
        pytest.param("photos", {"architecture": "vgg3_bn", "epochs": 3}, id="epochs"),
        pytest.param("photos", {"architecture": "vgg2_wide", "recipe": "vgg2_wide_augmented"}, id="a variant"),
        pytest.param("photos", {"architecture": "resnet8:width=40", "seed": 7, "mixed_precision": True}, id="option"),
        pytest.param("photos", {"architecture": "bn3", "flip": False, "learning_rate": 4e-5}, id="recipe's fields"),
        pytest.param("digits", {"color": "rgb", "size": 16, "max_images": 9, "validation": 0.2}, id="images"),
        pytest.param("my photos", {"resize": "crop", "val_data": Path("v"), "test_data": Path("t")}, id="folders"),
        pytest.param("photos", {"architecture": "mine.nets:build", "optimizer": "sgd"}, id="own architecture"),
    ],
)
def test_the_command_asks_for_the_same_training(data: str, flags: dict[str, Any]) -> None:
    wanted = make_request(data, Path("run"), flags)
    config = run_config(wanted, DatasetRecord(data, {}, "f"))
    fields = json.loads(json.dumps(dataclasses.asdict(config)))
    assert parsed(train_command(fields, wanted.recipe)) == wanted


@pytest.mark.parametrize("architecture", ["resnet8", "efficientnet_lite0", "efficientnet_lite0:weights=none"])
def test_weights_are_asked_for_without_their_path(architecture: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("secret.keras", "WEIGHTS"):
        Path(name).write_bytes(b"weights")
    wanted = make_request("photos", Path("run"), {"architecture": architecture, "weights": "secret.keras"})
    config = run_config(wanted, DatasetRecord("photos", {}, "f"))
    fields = json.loads(json.dumps(dataclasses.asdict(config)))
    assert fields["weights"] == hashlib.sha256(b"weights").hexdigest() and "secret" not in json.dumps(fields)
    again = parsed(train_command(fields, wanted.recipe))
    assert (again.architecture, again.weights_file) == (wanted.architecture, Path("WEIGHTS"))


def test_a_recipe_of_the_users_own_becomes_flags() -> None:
    wanted = make_request("photos", Path("run"), {"architecture": "conv2"})
    own = dataclasses.replace(wanted.recipe, name="mine", mixup=0.2)
    fields = json.loads(json.dumps(dataclasses.asdict(run_config(wanted, DatasetRecord("photos", {}, "f")))))
    again = parsed(train_command(fields, own)).recipe
    assert again == dataclasses.replace(own, name="conv2")
