from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cnnkit.cli import main

SHORT = ["--max-images", "80", "--size", "8", "--resize", "crop", "--epochs", "1"]


@pytest.mark.parametrize("folds", [[], ["--folds", "2"]], ids=["validation", "cross-validated"])
def test_it_prints_trials_and_the_command_to_go_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folds: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("space.toml").write_text('architecture = ["conv2", "vgg1"]\n')
    call = ["tune", "digits", "--space", "space.toml", "--search", "grid", *SHORT, *folds]
    result = CliRunner().invoke(main, call, catch_exceptions=False)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["trial", "val_accuracy", "architecture", "epochs", "seconds", "error"]
    scores = [float(line.split()[1]) for line in lines[1:3]]
    assert scores == sorted(scores, reverse=True) and {line.split()[3] for line in lines[1:3]} == {"conv2", "vgg1"}
    best = lines[1].split()[3]
    flags = f"--max-images 80 --arch {best} --size 8 --resize crop"
    folder = "runs/tune-conv2-digits"
    assert lines[5] == f"next: cnnkit train digits {flags} --recipe {folder}/best.toml --out {folder}/best"
    assert not (tmp_path / "runs" / "tune-conv2-digits" / "trials" / "001" / "metrics.json").exists() or folds


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["digits"], "Missing option '--space'", id="no space"),
        pytest.param(["digits", "--space", "none"], "no space 'none'", id="unknown space"),
        pytest.param(["digits", "--space", "batch_size", "--arch", "conv2", "--batch-size", "8"], "varies", id="flag"),
    ],
)
def test_wrong_usage(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(main, ["tune", *arguments])
    assert result.exit_code == 2 and message in result.stderr
