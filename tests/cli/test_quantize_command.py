from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner
from small_cnn import save_small, trained_graph, write_class_folders

from cnnkit.cli import main
from cnnkit.runtime.onnx import read_spec_of


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_small(tmp_path_factory.mktemp("quantize") / "small.onnx", trained_graph())


@pytest.fixture(scope="module")
def colours(tmp_path_factory):
    return write_class_folders(tmp_path_factory.mktemp("colours"), 30)


def quantize(*arguments: object):
    return CliRunner().invoke(main, ["quantize", *map(str, arguments)])


ROW = r"(?P<name>\S+) +[\d,]+ +\d+\.\d{3} +\d+\.\d\d +[\d,]+ +"
LOST = r"-?\d\.\d\d \(-?\d\.\d\d to \d\.\d\d\)"


def test_what_is_printed(model, colours):
    result = quantize(
        model, "--calibration", colours, "--calibration-size", 48, "--threads", 1, "--scheme", "u8s8-7bit"
    )
    assert result.exit_code == 0, result.stderr
    path = model.with_name("small.int8.onnx")
    lines = result.stdout.splitlines()
    assert lines[0] == str(path)
    assert lines[1].split()[:4] == ["candidate", "size,", "bytes", "ms"]
    assert re.fullmatch(ROW + r"[\d.]+ +- +- +42  not asked for", lines[2]).group("name") == "float32"
    assert re.fullmatch(ROW + rf"[\d.]+ +{LOST} +[\d.]+ +42  chosen", lines[3]).group("name") == "u8s8-7bit"
    assert re.fullmatch(r"chosen: u8s8-7bit was asked for; it takes \d\.\d\d x the time of float32", lines[4])
    assert re.fullmatch(
        r"verify: none of 12 golden labels may change, and no probability by more than 0\.\d+", lines[5]
    )
    assert lines[6] == "evidence: " + ", ".join(
        str(path.with_name(f"small.int8.candidates.{suffix}")) for suffix in ("json", "png")
    )
    assert result.stderr.splitlines()[:2] == ["calibrating with 48 images", "measuring 2 candidates on 42 other images"]


def test_json_is_the_evidence(model, colours, tmp_path):
    out = tmp_path / "chosen.onnx"
    result = quantize(
        model, "--calibration", colours, "--calibration-size", 48, "--threads", 1, "--format", "json", "-o", out
    )
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    assert report == json.loads((tmp_path / "chosen.candidates.json").read_text())
    assert [row["name"] for row in report["candidates"]][:3] == ["float32", "float16", "u8s8-pairs"]
    chosen = [row["name"] for row in report["candidates"] if row["verdict"] == "chosen"]
    assert chosen == [report["chosen"]]
    record = read_spec_of(out).quantization
    assert (record.decision, list(record.candidates)) == (
        report["decision"], [row["name"] for row in report["candidates"]],
    )  # fmt: skip


def test_the_file_verifies(model, colours, tmp_path):
    path = tmp_path / "other.onnx"
    arguments = (
        "-o",
        path,
        "--data",
        write_class_folders(tmp_path / "data", 2, seed=3),
        "--calibration-method",
        "percentile",
        "--scheme",
        "u8s8-7bit",
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
