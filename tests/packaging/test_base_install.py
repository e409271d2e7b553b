"""A fresh environment with the wheel and its base dependencies alone, as a small machine has it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.tags import mac_platforms

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


def glibc(architecture: str, newest: int) -> list[str]:
    """Returns the tags of wheels that run on Linux with glibc 2.`newest`."""
    return [
        *(f"manylinux_2_{minor}_{architecture}" for minor in range(newest, 16, -1)),
        f"manylinux2014_{architecture}",
    ]


def musl(architecture: str) -> list[str]:
    return [f"musllinux_1_{minor}_{architecture}" for minor in (2, 1)]


PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PROMISED = {
    "64-bit Raspberry Pi OS bookworm": (glibc("aarch64", 36), ("3.11",)),
    "64-bit Raspberry Pi OS trixie": (glibc("aarch64", 41), ("3.13",)),
    "Linux on x86-64": (glibc("x86_64", 28), PYTHONS),
    "Linux on aarch64": (glibc("aarch64", 28), PYTHONS),
    "Windows on x86-64": (["win_amd64"], PYTHONS),
    "macOS 13 on Apple silicon": (list(mac_platforms((13, 0), "arm64")), PYTHONS[:-1]),
    "macOS 14 on Apple silicon": (list(mac_platforms((14, 0), "arm64")), PYTHONS[-1:]),
}
REFUSED = {
    "32-bit Raspberry Pi OS": glibc("armv7l", 36),
    "Alpine on x86-64": musl("x86_64"),
    "Alpine on aarch64": musl("aarch64"),
    "Windows on ARM": ["win_arm64"],
}


def resolve(wheel: Path, tags: list[str], python: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Looks for wheels of the base dependencies, as pip would on another machine."""
    target = ["--only-binary=:all:", f"--python-version={python}", "--implementation=cp", "--target", str(folder)]
    platforms = [f"--platform={tag}" for tag in tags]
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", *platforms, *target, str(wheel)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("tags", "python"),
    [
        pytest.param(tags, python, id=f"{name}, Python {python}")
        for name, (tags, pythons) in PROMISED.items()
        for python in pythons
    ],
)
def test_it_installs_where_the_readme_says(wheel: Path, tags: list[str], python: str, tmp_path: Path) -> None:
    done = resolve(wheel, tags, python, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("tags", REFUSED.values(), ids=REFUSED)
def test_it_does_not_install_where_the_readme_says(wheel: Path, tags: list[str], tmp_path: Path) -> None:
    done = resolve(wheel, tags, "3.11", tmp_path)
    assert done.returncode != 0
    assert "No matching distribution found for" in done.stderr
    assert any(name in done.stderr.rpartition("No matching")[2] for name in ("onnxruntime", "opencv-python", "numpy"))


@pytest.mark.parametrize("python", PYTHONS[1:])
def test_other_pythons_run_it(wheel: Path, python: str, tmp_path: Path) -> None:
    found = shutil.which(f"python{python}")
    if found is None or subprocess.run([found, "--version"], capture_output=True, check=False).returncode:
        pytest.skip(f"there is no python{python} here")
    subprocess.run([found, "-m", "venv", str(tmp_path / "venv")], check=True)
    binaries = tmp_path / "venv" / "bin"
    subprocess.run([str(binaries / "pip"), "install", "--quiet", str(wheel)], check=True)
    (row,) = json.loads(run(binaries, "predict", str(PHOTO), "--format", "json").stdout)
    assert row["label"] == "cat"
    for command in ("verify", "info", "doctor"):
        assert run(binaries, command, "--format", "json").returncode == 0
