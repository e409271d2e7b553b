from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cnnkit.cli import main

SHORT = ["--epochs", "1", "--max-images", "150", "--size", "8", "--folds", "2"]


def test_it_prints_folds_and_their_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["crossval", "digits", *SHORT], catch_exceptions=False)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["fold", "images", "top-1", "95", "%", "interval", "loss", "epoch", "kept"]
    assert [line.split()[0] for line in lines[1:3]] == ["1", "2"]
    assert lines[4].startswith("mean top-1 ") and lines[4].endswith("; 2 folds")
    assert lines[5] == "written to runs/crossval-conv2-digits"
    assert lines[6] == "next: cnnkit train digits --epochs 1 --size 8 --max-images 150"
    again = ["crossval", "digits", *SHORT, "--resume", "--format", "json"]
    shown = json.loads(CliRunner().invoke(main, again, catch_exceptions=False).stdout)
    assert shown == json.loads((tmp_path / "runs" / "crossval-conv2-digits" / "metrics.json").read_text())


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(["digits", "--folds", "1"], 2, "1 is not in the range 2<=x<=100", id="one fold"),
        pytest.param(["nowhere"], 1, "no dataset 'nowhere': expected digits, cifar10 or a folder", id="no data"),
        pytest.param(["digits", "--arch", "resnet9"], 2, "no architecture 'resnet9'", id="no architecture"),
    ],
)
def test_refusals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["crossval", *arguments])
    assert result.exit_code == code and message in result.stderr
    assert not (tmp_path / "runs").exists()
