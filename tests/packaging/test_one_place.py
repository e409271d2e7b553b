"""ONNX Runtime and OpenCV are opened in one place each, the first with its telemetry off; few see a typed address."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import cnnkit

ROOT = Path(__file__).parents[2]
FOLDERS = ("toolkit", "train", "export", "bench")
PACKAGES = ("onnxruntime", "cv2")
SOURCES = {
    path: ast.parse(path.read_text(encoding="utf-8")) for name in FOLDERS for path in (ROOT / name).rglob("*.py")
}
DYNAMIC = ("import_module", "__import__", "find_spec", "exec")


def imported(tree: ast.AST) -> Iterator[str]:
    """Yields the modules that import statements name, also those that run only for a type checker."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def named_in_calls(tree: ast.AST, *functions: str) -> Iterator[str]:
    """Yields the source of the first argument of calls of these functions, `function` or `module.function`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in functions and node.args:
            yield ast.unparse(node.args[0])


def test_the_sources_are_those_that_run() -> None:
    assert len(SOURCES) > 300
    assert Path(cnnkit.__file__).samefile(ROOT / "toolkit" / "__init__.py")


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_imports_them_itself(package: str) -> None:
    found = {path.name for path, tree in SOURCES.items() for name in imported(tree) if name.split(".")[0] == package}
    assert found == set()


@pytest.mark.parametrize(("package", "constant"), [("onnxruntime", "ONNXRUNTIME"), ("cv2", "OPENCV")])
def test_one_module_opens_them(package: str, constant: str) -> None:
    opening = [path for path, tree in SOURCES.items() if constant in named_in_calls(tree, "import_package")]
    assert len(opening) == 1
    by_name = {path for path, tree in SOURCES.items() for name in named_in_calls(tree, *DYNAMIC) if package in name}
    assert by_name <= set(opening)


def test_what_was_typed_as_an_address_is_revealed_to_those_who_open_it_alone() -> None:
    openers = {
        "toolkit/sources/address.py",
        "toolkit/sources/web.py",
        "toolkit/cluster/engine.py",
        "toolkit/live/actions/broker.py",
        "toolkit/live/actions/webhook.py",
        "toolkit/live/videos.py",  # a device that is not there yet
        "toolkit/live/service.py",  # tells cameras from others
        "toolkit/commands/options/service.py",  # of what has no secret
    }
    revealing = {
        path.relative_to(ROOT).as_posix()
        for path, tree in SOURCES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "reveal"
    }
    assert revealing == openers


@pytest.mark.parametrize(
    ("code", "found"),
    [
        pytest.param("import onnxruntime as ort", ["onnxruntime"], id="import"),
        pytest.param("def f():\n    from onnxruntime.quantization import x", ["onnxruntime.quantization"], id="from"),
        pytest.param("if TYPE_CHECKING:\n    import onnxruntime.capi", ["onnxruntime.capi"], id="for types"),
    ],
)
def test_the_search_finds_statements(code: str, found: list[str]) -> None:
    assert list(imported(ast.parse(code))) == found


def test_the_search_finds_calls() -> None:
    code = "importlib.import_module('onnxruntime'); __import__('cv2'); import_module(f'onnxruntime.{part}')"
    assert list(named_in_calls(ast.parse(code), *DYNAMIC)) == ["'onnxruntime'", "'cv2'", "f'onnxruntime.{part}'"]


# Python runs this before all else, in each process of a command: it writes down what telemetry is set to at an import.
WATCH = """\
import os, sys
def watch(event, arguments):
    if event == "import" and str(arguments[0]).partition(".")[0] == "onnxruntime":
        with open(os.environ["SEEN_IMPORTS"], "a") as file:
            file.write(os.environ.get("ORT_DISABLE_TELEMETRY", "on") + "\\n")
sys.addaudithook(watch)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["predict", "photos"], id="predict"),
        pytest.param(["info", "tiny.onnx"], id="info"),
        pytest.param(["verify", "tiny.onnx"], id="verify"),
        pytest.param(["doctor"], id="doctor"),
        pytest.param(["bench", "--model", "tiny.onnx", "--runs", "20"], id="bench"),
        pytest.param(["quantize", "tiny.onnx", "--calibration", "photos"], id="quantize"),
        pytest.param(["export", "keras-app:MobileNetV3Small", "-o", "app.onnx"], id="export", marks=pytest.mark.slow),
    ],
)
def test_telemetry_is_off_before_the_first_import(tiny_model, make_image, tmp_path, arguments) -> None:
    for number in range(4):
        make_image(f"photos/{number}.png")
    watching = tmp_path / "watching"
    watching.mkdir()
    (watching / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    (watching / "tensorflow.py").write_text("raise ImportError", encoding="utf-8")  # not what doctor is asked for here
    if arguments[0] == "export":
        (watching / "tensorflow.py").unlink()
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment |= {"PYTHONPATH": str(watching), "SEEN_IMPORTS": str(tmp_path / "seen.txt")}
    command = [sys.executable, "-P", "-m", "cnnkit", *arguments]
    subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    seen = (tmp_path / "seen.txt").read_text(encoding="utf-8").split()
    assert seen and set(seen) == {"1"}
