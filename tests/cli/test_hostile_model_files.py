"""Model files that are no files, or broken ones: one line of ours, at once, whatever command is given them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from small_cnn import save_small, trained_graph, write_class_folders

from cnnkit.cli import main


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small(tmp_path_factory.mktemp("good") / "good.onnx", trained_graph())


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_class_folders(tmp_path_factory.mktemp("photos"), 4)


def commands(model: Path, keras: Path, good: Path, photos: Path, folder: Path) -> dict[str, list[Path | str]]:
    """Returns name -> a command that is given a model file, and its arguments."""
    output = ["-o", folder / "out.onnx"]
    return {
        "info": ["info", model],
        "predict": ["predict", photos, "--model", model],
        "quantize": ["quantize", model, "--calibration", photos, *output],
        "verify": ["verify", model],
        "stamp": ["stamp", model, "--labels", "a,b,c", *output],
        "bench": ["bench", "--model", model, "--runs", "3"],
        "evaluate": ["evaluate", model, photos, "--out", folder / "evaluation"],
        "explain": ["explain", model, next(photos.rglob("*.png"))],
        "export": ["export", keras, "--labels", "a,b,c", "--scale", "1", *output],
        "verify --original": ["verify", good, "--original", keras],
        "bench --original": ["bench", "--model", good, "--original", keras, "--runs", "3"],
        "evaluate keras": ["evaluate", keras, photos, "--out", folder / "evaluation"],
        "train --weights": ["train", "digits", "--arch", "conv2", "--weights", keras, "--out", folder / "run"],
        "train --from": ["train", "digits", "--from", keras, "--out", folder / "run"],
        "train --teacher": ["train", "digits", "--arch", "conv2", "--teacher", keras, "--out", folder / "run"],
    }


OF_ONNX = ("info", "predict", "quantize", "verify", "stamp", "bench", "evaluate", "explain")
OF_KERAS = (
    "export", "verify --original", "bench --original", "evaluate keras", "train --weights", "train --from",
    "train --teacher",
)  # fmt: skip


# What a command has no need to find out.
NOT_FOUND_OUT = {("wrong_shapes", "info"), ("fails_when_run", "info"), ("a_long_spec", "stamp")}


def line_of(arguments: list[Path | str], capfd: pytest.CaptureFixture[str]) -> str:
    """Runs a command that must fail with one line of ours, and nobody else's, and returns it."""
    done = CliRunner().invoke(main, ["-q", *map(str, arguments)])
    assert (done.exit_code in (1, 2), done.stdout) == (True, "")
    assert capfd.readouterr() == ("", "")  # what libraries write past Python
    assert isinstance(done.exception, SystemExit), repr(done.exception)[:1000]
    (line,) = done.stderr.splitlines()
    assert line.startswith("cnnkit: error: ") and line.isprintable() and len(line) < 1200
    return line


@pytest.mark.parametrize("name", [*OF_ONNX, *OF_KERAS])
@pytest.mark.parametrize("kind", ["endless", "pipe"])
def test_what_is_no_regular_file_is_not_read(
    kind: str, name: str, good: Path, photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model, keras = tmp_path / "model.onnx", tmp_path / "model.keras"
    for path in (model, keras):
        path.symlink_to("/dev/zero") if kind == "endless" else os.mkfifo(path)
    line = line_of(commands(model, keras, good, photos, tmp_path)[name], capfd)
    assert any(said in line for said in ("no regular file", "no such file", "no teacher"))


def unknown_operator(model: Any) -> None:
    model.graph.node[0].op_type = "Conv\x1b[1;31m" * 1_000_000


def wrong_shapes(model: Any) -> None:
    weights = next(tensor for tensor in model.graph.initializer if len(tensor.dims) == 4)
    weights.dims[:] = [weights.dims[0] * weights.dims[1], 1, *weights.dims[2:]]


def a_circle(model: Any) -> None:
    model.graph.node[0].input[0] = model.graph.node[-1].output[0]


def two_of_a_name(model: Any) -> None:
    model.graph.node[1].output[0] = model.graph.node[0].output[0]


def a_newer_opset(model: Any) -> None:
    model.opset_import[0].version = 9999


def a_long_spec(model: Any) -> None:
    model.metadata_props[0].value = '{"spec_version": "' + "x" * 10_000_000 + '"}'


def fails_when_run(model: Any) -> None:
    """Lets the weights of the last layer be looked up by a number that they have not, which shows only then."""
    from onnx import helper, numpy_helper

    last = next(node for node in reversed(model.graph.node) if node.op_type in ("Gemm", "MatMul"))
    model.graph.initializer.append(numpy_helper.from_array(np.array(99), "far"))
    model.graph.node.insert(0, helper.make_node("Gather", [last.input[1], "far"], ["nothing"]))
    model.graph.node.insert(1, helper.make_node("Identity", ["nothing"], ["nowhere"]))
    model.graph.output.append(helper.make_tensor_value_info("nowhere", 1, None))


def damaged_file(damage: Callable[[Any], None], name: str, good: Path, folder: Path) -> Path:
    """Writes a good model that was damaged; for `stamp` one without a spec."""
    import onnx

    model = onnx.load(good)
    if name == "stamp":
        del model.metadata_props[:]
        model.metadata_props.add(key="other", value="")
    damage(model)
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("name", OF_ONNX)
@pytest.mark.parametrize(
    "damage", [unknown_operator, wrong_shapes, a_circle, two_of_a_name, a_newer_opset, a_long_spec, fails_when_run]
)
def test_a_broken_graph_is_one_line_of_ours(
    damage: Callable[[Any], None],
    name: str,
    good: Path,
    photos: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = damaged_file(damage, name, good, tmp_path)
    arguments = commands(path, path, good, photos, tmp_path)[name]
    if (damage.__name__, name) in NOT_FOUND_OUT:
        assert CliRunner().invoke(main, ["-q", *map(str, arguments)]).exit_code == 0
        assert capfd.readouterr() == ("", "")
    else:
        line_of(arguments, capfd)


def functions_that_multiply(model: Any) -> None:
    """Forty functions of which each calls the next one twice: 2 ** 40 nodes."""
    from onnx import helper

    own, usual = helper.make_opsetid("local", 1), model.opset_import[0]
    for number in range(40):
        name, domain = (f"f{number + 1}", "local") if number < 39 else ("Relu", "")
        calls = [helper.make_node(name, [a], [b], domain=domain) for a, b in (("x", "between"), ("between", "y"))]
        model.functions.append(helper.make_function("local", f"f{number}", ["x"], ["y"], calls, [usual, own]))
    model.opset_import.append(own)
    relu = next(node for node in model.graph.node if node.op_type == "Relu")
    relu.op_type, relu.domain = "f0", "local"


def a_function_that_calls_itself(model: Any) -> None:
    functions_that_multiply(model)
    last = model.functions[-1].node[0]
    last.op_type, last.domain = "f0", "local"


def weights_in_a_pipe(model: Any) -> None:
    tensor = next(tensor for tensor in model.graph.initializer if len(tensor.dims) == 4)
    tensor.ClearField("raw_data")
    tensor.data_location = 1
    tensor.external_data.add(key="location", value="weights.bin")


@pytest.mark.parametrize("name", OF_ONNX)
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (functions_that_multiply, "over 20,000 nodes with all that its functions call"),
        (a_function_that_calls_itself, "its function 'local:f"),
        (weights_in_a_pipe, "'weights.bin', which is no regular file: that is refused"),
    ],
)
def test_what_would_not_end_is_refused(
    damage: Callable[[Any], None],
    said: str,
    name: str,
    good: Path,
    photos: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = damaged_file(damage, name, good, tmp_path)
    os.mkfifo(tmp_path / "weights.bin")
    line = line_of(commands(path, path, good, photos, tmp_path)[name], capfd)
    assert said in line or (name, damage) == ("quantize", weights_in_a_pipe)
