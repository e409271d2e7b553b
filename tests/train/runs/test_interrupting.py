"""Ctrl-C, at whatever stage of a training: the command that goes on is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cnnkit.cli import main
from cnnkit.runtime.pretrained import weights_installed

SMALL = ["--arch", "conv2", "--size", "8", "--epochs", "1"]
PRETRAINED = ["--arch", "efficientnet_lite0", "--size", "32", "--epochs", "0"]


def interrupt(*_: object, **__: object) -> Any:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("stage", "typed"),
    [
        pytest.param("recipes.options.decide", ["train"], id="choosing a network"),
        pytest.param("data.survey.read_images", ["train", *SMALL], id="survey"),
        pytest.param("runs.training.draw_samples", ["train", *SMALL], id="pictures"),
        pytest.param("transfer.first_stage.compute_features", ["train", *PRETRAINED], id="features"),
        pytest.param("transfer.first_stage.fit_head", ["train", *PRETRAINED], id="last layer"),
        pytest.param("fitting.recorder.Recorder._keep", ["train", *SMALL], id="epochs"),
        pytest.param("runs.outcome.measure", ["train", *SMALL], id="measuring"),
        pytest.param("data.survey.read_images", ["crossval", *SMALL, "--folds", "2"], id="cross-validation"),
        pytest.param("data.survey.read_images", ["tune", *SMALL[2:], "--space", "bn2", "--trials", "1"], id="search"),
    ],
)
def test_the_command_that_goes_on_is_named(
    stage: str, typed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_colours: Callable[..., None]
) -> None:
    if typed[1:] == PRETRAINED and not weights_installed("efficientnet_lite0"):
        pytest.skip("needs the extra pretrained")
    monkeypatch.chdir(tmp_path)
    write_colours(tmp_path / "my photos", 8)
    monkeypatch.setattr(f"cnnkit.train.{stage}", interrupt)
    result = CliRunner().invoke(main, [typed[0], "my photos", *typed[1:], "--overwrite"])
    assert result.exit_code == 130
    said = next(line for line in result.stderr.splitlines() if "stopped; what is finished is kept" in line)
    assert f"Go on with: cnnkit {typed[0]} 'my photos' " in said and said.endswith(" --resume")
    assert "--overwrite" not in said and all(word in said for word in typed[1:])
