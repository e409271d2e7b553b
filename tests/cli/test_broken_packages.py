"""Every command, with a package that is installed and cannot be imported: one line, and exit code 1."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from cnnkit.runtime.model import MODELS_FOLDER

NUMPY_1 = """\
import sys
sys.stderr.write("A module that was compiled using NumPy 1.x cannot be run in\\nNumPy 2.0.0 as it may crash.\\n")
sys.stderr.write("AttributeError: _ARRAY_API not found\\n")
"""
BROKEN = {
    "ImportError": "raise ImportError('first line\\nsecond line')",
    "no message": NUMPY_1 + "raise ImportError",
    "SystemError": "raise SystemError('<built-in function __import__> returned a result with an exception set')",
    "AttributeError": NUMPY_1 + "raise AttributeError('_ARRAY_API not found')",
    "OSError": "raise OSError('libGL.so.1: cannot open shared object file: No such file or directory')",
    "RuntimeError": "print('to stdout'); raise RuntimeError('module compiled against ABI version 0x1000009')",
    "DLL": "raise ImportError('DLL load failed while importing x: The specified module could not be found.')",
    "imported": NUMPY_1 + "class InferenceSession: ...\nimdecode = None",
    "half": "",
}
NAMES = {"onnxruntime": "ONNX Runtime", "cv2": "OpenCV", "numpy": "NumPy"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images in class folders, a film, and models."""
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(0)
    for number in range(12):
        for label in ("cat", "dog"):
            (folder / "data" / label).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / "data" / label / f"{number}.png"), rng.integers(0, 256, (32, 32, 3), np.uint8))
    film = cv2.VideoWriter(str(folder / "film.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 64))
    for _ in range(3):
        film.write(np.zeros((64, 64, 3), np.uint8))
    film.release()
    for name in ("best.onnx", "best.keras"):
        (folder / name).write_bytes((MODELS_FOLDER / name).read_bytes())
    return folder


def run(folder: Path, fakes: Path, module: str, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (fakes / module).mkdir()
    (fakes / module / "__init__.py").write_text(code, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(fakes)}
    command = [sys.executable, "-P", "-m", "cnnkit", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def check_one_line(done: subprocess.CompletedProcess[str], module: str, *allowed: str) -> None:
    """Checks that stderr holds the error and nothing else but messages that begin as one of `allowed` does."""
    lines = [line for line in done.stderr.splitlines() if not line.startswith(("loading", "evaluating", *allowed))]
    assert done.returncode == 1
    assert len(lines) == 1 and lines[0].startswith(f"cnnkit: error: {NAMES[module]} "), done.stderr
    assert "is installed and cannot be imported (" in lines[0] and "pip " in lines[0]
    assert done.stdout == ""


@pytest.mark.parametrize("module", ["onnxruntime", "cv2"])
@pytest.mark.parametrize("kind", BROKEN)
def test_kinds(folder: Path, tmp_path: Path, module: str, kind: str) -> None:
    check_one_line(run(folder, tmp_path, module, BROKEN[kind], "predict", "data"), module)


@pytest.mark.parametrize("command", ["predict data", "info", "bench", "train data"])
@pytest.mark.parametrize("kind", ["ImportError", "OSError", "half"])
def test_numpy_itself(folder: Path, tmp_path: Path, kind: str, command: str) -> None:
    check_one_line(run(folder, tmp_path, "numpy", BROKEN[kind], *command.split()), "numpy")


NEEDS_BOTH = [
    pytest.param(["predict", "data", "--format", "json"], id="predict"),
    pytest.param(["verify"], id="verify"),
    pytest.param(["bench", "--runs", "20"], id="bench"),
    pytest.param(["webcam", "--source", "film.avi", "--headless"], id="webcam"),
    pytest.param(["quantize", "best.onnx", "--calibration", "data"], id="quantize"),
    pytest.param(["export", "best.keras", "-o", "new.onnx", "--labels", "a,b"], id="export"),
    pytest.param(["evaluate", "best.onnx", "data"], id="evaluate"),
    pytest.param(["demo"], id="demo", marks=pytest.mark.slow),
]
CASES = [
    *(pytest.param("onnxruntime", *row.values, id=f"{row.id} onnxruntime", marks=row.marks) for row in NEEDS_BOTH),
    *(pytest.param("cv2", *row.values, id=f"{row.id} cv2", marks=row.marks) for row in NEEDS_BOTH),
    pytest.param("onnxruntime", ["info"], id="info"),
    pytest.param("onnxruntime", ["stamp", "best.onnx", "-o", "stamped.onnx"], id="stamp"),
    pytest.param("cv2", ["filters", "data/cat/0.png", "-o", "filters.png"], id="filters"),
    pytest.param("cv2", ["train", "data", "--epochs", "1"], id="train"),
    pytest.param("cv2", ["explain", "best.onnx", "data/cat/0.png"], id="explain"),
    pytest.param("cv2", ["crossval", "data", "--epochs", "1"], id="crossval", marks=pytest.mark.slow),
    pytest.param("cv2", ["tune", "data", "--space", "batch_size", "--epochs", "1"], id="tune", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("module", "arguments"), CASES)
def test_every_command(folder: Path, tmp_path: Path, module: str, arguments: list[str]) -> None:
    done = run(folder, tmp_path, module, BROKEN["no message"], *arguments)
    check_one_line(done, module, "cnnkit: warning: ")
    assert "it is built for NumPy 1" in done.stderr
    assert {path.name for path in folder.iterdir()} == {"data", "film.avi", "best.onnx", "best.keras"}  # nothing made


def test_all_commands_are_here() -> None:
    from cnnkit.cli import COMMANDS

    assert {row.values[1][0] for row in CASES} | {"doctor", "split"} == set(COMMANDS)  # split opens no image


@pytest.mark.parametrize("module", ["onnxruntime", "cv2", "numpy"])
@pytest.mark.parametrize("kind", ["SystemError", "half"])
def test_doctor_reports_all_else(folder: Path, tmp_path: Path, module: str, kind: str) -> None:
    (tmp_path / "tensorflow.py").write_text("raise ImportError", encoding="utf-8")  # the real one takes seconds
    done = run(folder, tmp_path, module, BROKEN[kind], "doctor", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    (line,) = [advice for advice in found["advice"] if advice.startswith(NAMES[module])]
    assert "is installed and cannot be imported (" in line
    assert found["bundled_model"]["error"] == line
    assert found["machine"]["cpu"] and found["extras"]["base"]["numpy"]
    assert (found["opencv"]["error"] is None) == (module == "onnxruntime")
    assert (found["onnxruntime"]["error"] is None) == (module == "cv2")
