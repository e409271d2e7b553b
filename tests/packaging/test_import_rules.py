"""What importing and running cnnkit may load."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("tensorflow", "keras", "onnx", "tf2onnx", "matplotlib", "sklearn", "rich", "psutil", "sympy")


def modules_after(code: str) -> set[str]:
    """The top-level modules that are loaded once `code` has run in a fresh interpreter."""
    run = f"{code}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def call(*arguments: str) -> str:
    return f"from cnnkit.cli import main\ntry:\n    main({list(arguments)!r})\nexcept SystemExit:\n    pass"


@pytest.mark.parametrize(
    ("code", "forbidden"),
    [
        pytest.param("import cnnkit", {"numpy", "cv2", "onnxruntime", "click", *HEAVY}, id="import cnnkit"),
        pytest.param(call("--help"), {"numpy", "cv2", "onnxruntime", *HEAVY}, id="cnnkit --help"),
        pytest.param(call("webcam", "--help"), {"cv2", "onnxruntime", *HEAVY}, id="cnnkit webcam --help"),
        pytest.param(call("train", "--help"), {"cv2", "onnxruntime", *HEAVY}, id="cnnkit train --help"),
        pytest.param(call("filters", "--help"), {"numpy", "cv2", "onnxruntime", *HEAVY}, id="cnnkit filters --help"),
        pytest.param("import cnnkit.filters.drawing", set(HEAVY), id="import cnnkit.filters.drawing"),
        pytest.param(call("evaluate", "--help"), {"cv2", "onnxruntime", *HEAVY}, id="cnnkit evaluate --help"),
        pytest.param(call("predict", "nothing.jpg"), set(HEAVY), id="cnnkit predict"),
        pytest.param(call("info"), set(HEAVY), id="cnnkit info"),
    ],
)
def test_heavy_modules_stay_out(code: str, forbidden: set[str]) -> None:
    assert not modules_after(code) & forbidden


def test_every_command_says_in_help_what_the_list_says() -> None:
    from importlib import import_module

    from cnnkit.cli import COMMANDS

    for name, line in COMMANDS.items():
        command = import_module(f"cnnkit.commands.{name}").command
        assert command.help.splitlines()[0] == line
