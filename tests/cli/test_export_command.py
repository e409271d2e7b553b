from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from tiny_keras import save_tiny_keras

from cnnkit.cli import main
from cnnkit.commands.options.values import number, numbers, size
from cnnkit.runtime.onnx import read_spec_of


@pytest.fixture(scope="module")
def keras_file(tmp_path_factory):
    return save_tiny_keras(tmp_path_factory.mktemp("export") / "tiny.keras")


def export(*arguments: object):
    return CliRunner().invoke(main, ["export", *map(str, arguments)])


def test_what_is_printed(keras_file, tmp_path):
    path = tmp_path / "tiny.onnx"
    result = export(keras_file, "-o", path, "--labels", "red,green,blue", "--scale", 1)
    assert result.exit_code == 0, result.stderr
    what, graph, parity = result.stdout.splitlines()
    assert what == f"{path}: uint8 8x8 rgb -> 3 probabilities, {path.stat().st_size:,} bytes"
    assert re.fullmatch(r"graph: \d+ nodes, 0 parameters, 0 multiply-adds, opset 17, IR version 8", graph)
    differs = r"parity: .*tiny.keras differs by at most \S+ in a probability, by \S+ of what its logits vary, "
    assert re.fullmatch(differs + "on 80 images, 16 of them golden", parity)
    assert result.stderr.splitlines()[0] == f"loading {keras_file}"


def test_the_default_output_stands_beside_the_model(keras_file):
    assert export(keras_file, "--labels", "red,green,blue", "--golden", "none", "--scale", 1).exit_code == 0
    spec = read_spec_of(keras_file.with_suffix(".onnx"))
    assert (spec.labels, spec.golden) == (("red", "green", "blue"), ())


def test_flags_reach_the_spec(keras_file, tmp_path):
    path = tmp_path / "flags.onnx"
    flags = ("--scale", "1/2", "--mean", "1,2,3", "--std", "2", "--color", "bgr", "--resize", "pad", "--interpolation",
             "linear", "--input-dtype", "float32")  # fmt: skip
    result = export(keras_file, "-o", path, "--labels", "blue,green,red", *flags)
    assert result.exit_code == 0, result.stderr
    taken = read_spec_of(path).input
    assert (taken.color, taken.resize, taken.interpolation, taken.dtype) == ("bgr", "pad", "linear", "float32")
    assert (taken.scale, taken.mean, taken.std) == (0.5, (1.0, 2.0, 3.0), (2.0, 2.0, 2.0))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param((), 2, "does not say its class names: add --labels", id="no labels"),
        pytest.param(("--labels", "a,b"), 2, "there are 2 labels", id="two labels"),
        pytest.param(("--labels", "r,g,b", "--golden", "nowhere"), 2, "--golden nowhere: no such folder", id="golden"),
    ],
)
def test_one_line_and_no_file(keras_file, tmp_path, arguments, code, message):
    result = export(keras_file, "-o", tmp_path / "out.onnx", "--scale", 1, *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    last = result.stderr.splitlines()[-1]
    assert last.startswith("cnnkit: error: ")
    assert message in last
    assert not (tmp_path / "out.onnx").exists()


def test_a_missing_file(tmp_path):
    result = export(tmp_path / "none.keras", "--labels", "a,b")
    assert result.exit_code == 1
    assert "none.keras: no such file, expected a Keras model" in result.stderr


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--scale", "much"),
        ("--scale", "1/0"),
        ("--scale", "1/"),
        ("--scale", "/2"),
        ("--mean", "1,,2"),
        ("--size", "big"),
        ("--size", "0x3"),
    ],
)
def test_values_that_are_no_numbers(flag, value):
    result = export("model.keras", flag, value)
    assert result.exit_code == 2
    assert f"Invalid value for '{flag}'" in result.stderr


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (number, "1/255", 1 / 255),
        (number, " 1 / 127.5 ", 1 / 127.5),
        (number, "0.5", 0.5),
        (numbers, "0.5, 1/4,2", (0.5, 0.25, 2.0)),
        (size, "224", (224, 224)),
        (size, "32X48", (32, 48)),
    ],
)
def test_values(read, text, value):
    assert read(text) == value
