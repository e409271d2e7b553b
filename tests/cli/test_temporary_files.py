"""What commands leave in the temporary folder, also where they are ended in the middle of their work: nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from cnnkit.runtime.model import MODELS_FOLDER

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals")
KERAS, ONNX = str(MODELS_FOLDER / "best.keras"), str(MODELS_FOLDER / "best.onnx")
LABELS = "airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck"
BENCH = ["bench", "--original", KERAS, "--original-call", "function", "--runs", "20", "--no-cold-start"]
EXPORT = ["export", KERAS, "-o", "new.onnx", "--labels", LABELS]
QUANTIZE = ["quantize", ONNX, "--calibration", "photos", "-o", "int8.onnx"]
TUNE = ["tune", "digits", "--space", "batch_size", "--epochs", "1", "--trials", "2", "--out", "search"]
AUTOGRAPH = "__autograph_generated_file*.py"  # TensorFlow's, in whichever process compiles a function


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A current folder with photos, beside an empty one for temporary files."""
    (tmp_path / "temporary").mkdir()
    (tmp_path / "photos").mkdir()
    rng = np.random.default_rng(0)
    for number in range(40):
        cv2.imwrite(str(tmp_path / "photos" / f"{number}.png"), rng.integers(0, 256, (32, 32, 3), np.uint8))
    return tmp_path


@pytest.fixture
def started(folder: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes that a test started, which are ended with it."""
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def start(folder: Path, arguments: list[str]) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "TMPDIR": str(folder / "temporary")}
    command = [sys.executable, "-P", "-m", "cnnkit", *arguments]
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=nowhere, stderr=nowhere, start_new_session=True
    )


def wait_for(process: subprocess.Popen[bytes], folder: Path, pattern: str) -> bool:
    """Waits until a temporary file of this name is there, in whichever folder; tells whether it came."""
    while process.poll() is None:
        if next((folder / "temporary").rglob(pattern), None) is not None:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize(
    ("arguments", "pattern"),
    [
        pytest.param(BENCH, AUTOGRAPH, id="bench"),
        pytest.param(EXPORT, AUTOGRAPH, id="export"),
        pytest.param(QUANTIZE, "u8s8*.onnx", id="quantize"),
        pytest.param(TUNE, "trial.json", id="tune", marks=pytest.mark.slow),
    ],
)
def test_nothing_stays_of_an_ended_command(folder, started, arguments, pattern, number) -> None:
    process = start(folder, arguments)
    started.append(process)
    assert wait_for(process, folder, pattern)
    os.killpg(process.pid, number)
    assert process.wait(60) in (130, -signal.SIGTERM)  # after Ctrl-C, and of the signal
    assert list((folder / "temporary").iterdir()) == []
    assert {path.name for path in folder.iterdir()} <= {"temporary", "photos", "search"}


@pytest.mark.parametrize(
    "arguments", [pytest.param(BENCH, id="bench"), pytest.param(EXPORT, id="export", marks=pytest.mark.slow)]
)
def test_nothing_stays_of_a_finished_command(folder, started, arguments) -> None:
    process = start(folder, arguments)
    started.append(process)
    assert wait_for(process, folder, AUTOGRAPH)
    assert process.wait() == 0
    assert list((folder / "temporary").iterdir()) == []


def test_what_a_killed_command_left_goes_with_the_next_one(folder, started) -> None:
    process = start(folder, QUANTIZE)
    started.append(process)
    assert wait_for(process, folder, "u8s8*.onnx")
    process.kill()
    process.wait()
    (left,) = (folder / "temporary").iterdir()
    os.utime(left, (0, 0))
    following = start(folder, ["verify"])
    started.append(following)
    assert following.wait() == 0
    assert list((folder / "temporary").iterdir()) == []
