"""The lowest versions that pyproject.toml allows: installed, and every command run with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PHOTO = ROOT / "toolkit" / "examples" / "cat.jpg"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
SMALL = ("heif", "mqtt", "page", "parquet", "tensorboard", "video")  # extras that are cheap to install


def requirements(lines: list[str]) -> Iterator[Requirement]:
    """Gives what is required, with that of the extras of cnnkit that are named."""
    for line in lines:
        found = Requirement(line)
        if found.name == "cnnkit":
            yield from requirements([inner for extra in sorted(found.extras) for inner in EXTRAS[extra]])
        else:
            yield found


def lowest(lines: list[str]) -> list[str]:
    """Returns pins to the lower bounds: "numpy>=2.0" becomes "numpy==2.0"; of two bounds the higher one counts."""
    pins: dict[str, Version] = {}
    for found in requirements(lines):
        name = f"{found.name}[{','.join(sorted(found.extras))}]" if found.extras else found.name
        (bound,) = (Version(each.version) for each in found.specifier if each.operator in (">=", "=="))
        pins[name] = max(bound, pins.get(name, bound))
    return [f"{name}=={version}" for name, version in sorted(pins.items())]


def test_every_requirement_has_a_lower_bound() -> None:
    lines = [*PROJECT["dependencies"], *(line for extra in EXTRAS.values() for line in extra)]
    assert all(found.specifier for found in requirements(lines))
    assert {"numpy==2.0", "onnxruntime==1.19"} <= set(lowest(PROJECT["dependencies"]))
    assert "onnxruntime==1.27" in lowest([*PROJECT["dependencies"], *EXTRAS["all"]])


def environment(folder: Path, extras: str, pins: list[str]) -> Path:
    """Makes an environment with the wheel and these versions; returns its bin folder."""
    dist = folder / "dist"
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = dist.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    install = [str(folder / "venv" / "bin" / "pip"), "install", "--quiet", f"{wheel}{extras}", *pins]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "venv" / "bin"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pins = lowest([*PROJECT["dependencies"], *(line for extra in SMALL for line in EXTRAS[extra])])
    return environment(tmp_path_factory.mktemp("base"), f"[{','.join(SMALL)}]", pins)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("all"), "[all]", lowest([*PROJECT["dependencies"], *EXTRAS["all"]]))


def run(bin_folder: Path, folder: Path, *arguments: str) -> str:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [str(bin_folder / "cnnkit"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=variables, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.avi"
    frame = cv2.resize(cv2.imread(str(PHOTO)), (320, 240))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30.0, (320, 240))
    for _ in range(30):
        writer.write(frame)
    writer.release()
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["predict", str(PHOTO), "--format", "json"], id="predict"),
        pytest.param(["predict", str(PHOTO), "--format", "parquet", "-o", "rows.parquet"], id="predict to Parquet"),
        pytest.param(["verify", "--format", "json"], id="verify"),
        pytest.param(["info", "--format", "json"], id="info"),
        pytest.param(["doctor", "--format", "json"], id="doctor"),
        pytest.param(["bench", "--runs", "50", "--format", "json"], id="bench"),
    ],
)
def test_base(base: Path, tmp_path: Path, arguments: list[str]) -> None:
    printed = run(base, tmp_path, *arguments)
    assert "json" not in arguments or json.loads(printed)


@pytest.mark.slow
def test_webcam_on_a_film(base: Path, tmp_path: Path, film: Path) -> None:
    """Read and written with PyAV."""
    call = ("webcam", "--source", str(film), "--headless", "--fast", "--max-frames", "20", "--every", "0")
    shown = run(base, tmp_path, *call, "--record", "out.mp4")
    assert [json.loads(line)["label"] for line in shown.splitlines()] == ["cat"] * 20
    assert b"moof" in (tmp_path / "out.mp4").read_bytes(), "fragments"
    (row,) = json.loads(run(base, tmp_path, "predict", "out.mp4", "--every", "5", "--format", "json"))
    assert row["label"] == "cat"


@pytest.mark.slow
def test_webcam_with_a_broker_that_is_not_there(base: Path, tmp_path: Path, film: Path) -> None:
    call = ("webcam", "--source", str(film), "--headless", "--for", "500ms", "--mqtt", "mqtt://127.0.0.1:9/door")
    shown = run(base, tmp_path, *call)
    assert [json.loads(line)["label"] for line in shown.splitlines()] == ["cat"]


@pytest.mark.slow
def test_the_chain(whole: Path, tmp_path: Path) -> None:
    run(whole, tmp_path, "train", "digits", "--arch", "conv2", "--epochs", "2", "--out", "run")
    run(whole, tmp_path, "evaluate", "run", "digits", "--format", "json")
    run(whole, tmp_path, "export", "run", "-o", "model.onnx")
    colours = tmp_path / "colours"
    for name in ("a", "b"):
        (colours / name).mkdir(parents=True)
        for level in range(30):
            cv2.imwrite(str(colours / name / f"{level}.png"), cv2.imread(str(PHOTO))[level : level + 64, : 64 + level])
    run(
        whole,
        tmp_path,
        "quantize",
        "model.onnx",
        "--calibration",
        "colours",
        "--scheme",
        "u8s8-7bit",
        "-o",
        "int8.onnx",
    )
    run(whole, tmp_path, "verify", "int8.onnx")
    run(whole, tmp_path, "bench", "--model", "int8.onnx", "--runs", "30", "--format", "json")
    (row,) = json.loads(run(whole, tmp_path, "predict", str(PHOTO), "--model", "int8.onnx", "--format", "json"))
    assert row["error"] is None
