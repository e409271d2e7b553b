"""A fresh environment with the wheel and its base dependencies alone, as a small machine has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PHOTO = ROOT / "toolkit" / "examples" / "cat.jpg"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def base(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of the environment."""
    folder = tmp_path_factory.mktemp("base")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", str(wheel)], check=True)
    return folder / "bin"


def run(base: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [str(base / "cnnkit"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=base)


def test_it_holds_nothing_heavy(base: Path) -> None:
    listed = json.loads(subprocess.check_output([str(base / "pip"), "list", "--format", "json"]))
    names = {item["name"].lower() for item in listed}
    assert {"cnnkit", "numpy", "onnxruntime", "opencv-python", "click", "rich"} <= names
    assert not names & {"tensorflow", "tensorflow-cpu", "keras", "onnx", "matplotlib", "scikit-learn", "tf2onnx"}


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["predict", str(PHOTO), "--format", "json"], id="predict"),
        pytest.param(["info", "--format", "json"], id="info"),
        pytest.param(["verify", "--format", "json"], id="verify"),
        pytest.param(["doctor", "--format", "json"], id="doctor"),
        pytest.param(["webcam", "--help"], id="webcam --help"),
        pytest.param(["bench", "--runs", "50", "--format", "json"], id="bench"),
    ],
)
def test_commands_run(base: Path, arguments: list[str]) -> None:
    done = run(base, *arguments)
    assert done.returncode == 0, done.stderr
    if "json" in arguments:
        assert json.loads(done.stdout)


def test_predict_is_right_about_the_example(base: Path) -> None:
    (row,) = json.loads(run(base, "predict", str(PHOTO), "--format", "json").stdout)
    assert row["label"] == "cat"


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        pytest.param(["train", "digits"], "train", id="train"),
        pytest.param(["evaluate", "model.onnx", "digits"], "train", id="evaluate"),
        pytest.param(["export", "run", "-o", "model.onnx"], "export", id="export"),
        pytest.param(["quantize", "model.onnx", "--calibration", "."], "export", id="quantize"),
        pytest.param(["demo"], "all", id="demo"),
        pytest.param(["filters", str(PHOTO), "-o", "filters.png"], "train", id="filters"),
    ],
)
def test_commands_that_need_more_name_the_extra(base: Path, arguments: list[str], extra: str) -> None:
    done = run(base, *arguments)
    assert done.returncode == 1
    assert f"pip install 'cnnkit[{extra}]'" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("platform", ["manylinux_2_28_aarch64", "macosx_14_0_arm64", "win_amd64"])
def test_base_dependencies_resolve_elsewhere(wheel: Path, platform: str, tmp_path: Path) -> None:
    others = {"manylinux_2_28_aarch64": ["manylinux_2_27_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"],
              "macosx_14_0_arm64": ["macosx_13_0_arm64", "macosx_12_0_arm64", "macosx_11_0_arm64",
                                    "macosx_11_0_universal2"]}  # fmt: skip
    platforms = [f"--platform={name}" for name in (platform, *others.get(platform, []))]
    target = ["--only-binary=:all:", "--python-version=3.11", "--implementation=cp", "--target", str(tmp_path)]
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", *platforms, *target, str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
