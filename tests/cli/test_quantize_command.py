from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from small_cnn import save_small, trained_graph, write_class_folders

from cnnkit.cli import main
from cnnkit.runtime import read_spec_of


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_small(tmp_path_factory.mktemp("quantize") / "small.onnx", trained_graph())


@pytest.fixture(scope="module")
def colours(tmp_path_factory):
    return write_class_folders(tmp_path_factory.mktemp("colours"), 30)


def quantize(*arguments: object):
    return CliRunner().invoke(main, ["quantize", *map(str, arguments)])


def test_what_is_printed(model, colours):
    result = quantize(model, "--calibration", colours, "--calibration-size", 48, "--threads", 1)
    assert result.exit_code == 0, result.stderr
    path = model.with_name("small.int8.onnx")
    lines = result.stdout.splitlines()
    assert lines[0] == str(path)
    assert lines[1].split() == ["float32", "int8", "difference"]
    assert lines[2].split()[:4] == ["size,", "bytes", f"{model.stat().st_size:,}", f"{path.stat().st_size:,}"]
    assert re.fullmatch(r"latency, ms +\d+\.\d{3} +\d+\.\d{3} +\d+\.\d\d x", lines[3])
    assert re.fullmatch(
        r"top-1, % +[\d.]+ +[\d.]+ +-?\d\.\d\d points lost \(95 % interval -\d\.\d\d to \d\.\d\d\)", lines[4]
    )
    assert re.fullmatch(r"same label, % +100\.00 +[\d.]+ +on 42 images", lines[5])
    assert re.fullmatch(r"verify allows a difference of 0\.\d+ and \d changed labels on 12 golden images", lines[6])
    assert result.stderr.splitlines()[:2] == ["calibrating with 48 images", "measuring on 42 other images"]


def test_the_file_verifies(model, colours, tmp_path):
    path = tmp_path / "other.onnx"
    arguments = (
        "-o",
        path,
        "--data",
        write_class_folders(tmp_path / "data", 2, seed=3),
        "--calibration-method",
        "percentile",
    )
    result = quantize(model, "--calibration", colours, "--calibration-size", 40, "--threads", 1, *arguments)
    assert result.exit_code == 0, result.stderr
    assert "percentile calibration" in read_spec_of(path).quantization.scheme
    assert CliRunner().invoke(main, ["verify", str(path)]).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param((), 2, "Missing option '--calibration'", id="no calibration"),
        pytest.param(("--calibration", "nowhere"), 1, "nowhere: no such folder", id="missing folder"),
        pytest.param(("--calibration", ".", "-o", "none/x"), 1, "folder none does not exist", id="no output folder"),
    ],
)
def test_one_line_and_no_file(model, arguments, code, message):
    result = quantize(model, *(("-o", "never.onnx") if "-o" not in arguments else ()), *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr


def test_a_missing_model(tmp_path):
    result = quantize(tmp_path / "none.onnx", "--calibration", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("cnnkit: error: there is no model file")
