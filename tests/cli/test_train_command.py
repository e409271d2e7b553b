from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cnnkit.cli import main

QUICK = ["--arch", "conv2", "--size", "16", "--max-images", "200", "--epochs", "2", "--learning-rate", "0.003"]


def test_train_on_digits_says_its_figures_and_the_next_step(tmp_path: Path) -> None:
    out = tmp_path / "run"
    result = CliRunner().invoke(main, ["train", "digits", *QUICK, "--out", str(out)], catch_exceptions=False)
    assert result.exit_code == 0
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["images"] == 359 and 0.3 < metrics["low"] < metrics["top1"] < metrics["high"]
    first, second = result.stdout.splitlines()
    assert first.startswith(f"{out}: epoch 2 of 2 kept, test accuracy {100 * metrics['top1']:.2f} % (95 % interval ")
    assert second == f"next: cnnkit export {out} -o run.onnx"
    assert "epoch 1/2  loss" in result.stderr and "epoch 2/2  loss" in result.stderr
    assert json.loads((out / "config.json").read_text())["color"] == "gray"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "line"),
    [
        pytest.param(["nowhere"], 1, "no dataset 'nowhere': expected digits, cifar10 or a folder", id="no data"),
        pytest.param(["digits", "--arch", "vgg99"], 2, "no architecture 'vgg99'", id="architecture"),
        pytest.param(["digits", "--arch", "resnet8:width=0"], 2, "width is '0', expected a whole number", id="option"),
        pytest.param(
            ["digits", "--weights", "imagenet"],
            2,
            "--weights imagenet: there are none of conv2, expected one of efficientnet_lite0, ",
            id="weights",
        ),
        pytest.param(
            ["digits", "--arch", "bn3", "--size", "16"],
            2,
            "expected at least 18 a side: pass --size 18 or more",
            id="too small",
        ),
        pytest.param(["digits", "--recipe", "none.toml"], 2, "no recipe 'none.toml'", id="recipe"),
        pytest.param(
            ["digits", "--label-smoothing", "1.5"], 2, "label_smoothing is 1.5, expected 0 to 0.99", id="range"
        ),
    ],
)
def test_bad_requests_are_one_line(tmp_path: Path, arguments: list[str], exit_code: int, line: str) -> None:
    result = CliRunner().invoke(main, ["train", *arguments, "--out", str(tmp_path / "run")])
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert result.stderr.count("\n") == 1 and line in result.stderr
    assert not (tmp_path / "run").exists()


def test_list_archs_needs_no_data_and_prints_a_table() -> None:
    result = CliRunner().invoke(main, ["train", "--list-archs"], catch_exceptions=False)
    title, *lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert title == "for 10 classes, at the input size that is taken without --size"
    rows = {cells[0]: cells[1:] for cells in (re.split(r"  +", line) for line in lines)}
    assert rows["name"] == ["parameters", "multiply-adds", "input", "options"]
    assert rows["resnet8"] == ["78,666", "12,501,632", "32 x 32 x 3", "width=16"]
    assert rows["mobilenet_v3_small"][2:] == ["224 x 224 x 3", "weights=imagenet"]
    assert len(rows) == 1 + 25


def test_a_base_install_says_which_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr("cnnkit.system.extras.find_spec", lambda name: None if name == "keras" else find(name))
    for name in [name for name in sys.modules if name.startswith("cnnkit.train")]:
        monkeypatch.delitem(sys.modules, name)
    result = CliRunner().invoke(main, ["train", "digits"])
    assert result.exit_code == 1
    assert (
        result.stderr
        == "cnnkit: error: cnnkit train needs keras, which is not installed: pip install 'cnnkit[train]'\n"
    )
