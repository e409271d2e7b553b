"""cnnkit's wheel, and with it the packages that a 64-bit ARM machine installs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from emulation.errors import CannotRunError, EmulationError
from emulation.root import PYTHON

REPOSITORY = Path(__file__).resolve().parents[3]
SOURCES = ("toolkit", "train", "export", "bench")
FILES = ("pyproject.toml", "README.md", "LICENSE")
PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")


def build_wheel(folder: Path) -> Path:
    """Builds cnnkit's wheel from a copy of the sources, so that root leaves nothing among them.

    Args:
        folder: An empty one.

    Returns:
        The path of the wheel.

    Raises:
        EmulationError: It cannot be built.
    """
    copy, out = folder / "sources", folder / "dist"
    for name in SOURCES:
        shutil.copytree(REPOSITORY / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(REPOSITORY / name, copy)
    _pythons(["build", "--no-isolation", "--outdir", str(out), str(copy)])
    (wheel,) = out.glob("*.whl")
    return wheel


def install_command(wheel: Path, folder: Path) -> list[str]:
    """Returns the arguments of pip that install a wheel and its base dependencies for ARM."""
    target = [f"--python-version={PYTHON}", "--implementation=cp", "--only-binary=:all:", "--target", str(folder)]
    return ["pip", "install", "--quiet", *(f"--platform={name}" for name in PLATFORMS), *target, str(wheel)]


def install(wheel: Path, folder: Path) -> None:
    """Installs a wheel and its base dependencies for ARM into a folder.

    Raises:
        CannotRunError: No package index can be reached.
        EmulationError: There are no such wheels.
    """
    probe = [
        "pip",
        "download",
        "--quiet",
        "--retries=1",
        "--no-deps",
        "--no-cache-dir",
        "--dest",
        str(folder / ".probe"),
        "click",
    ]
    try:
        _pythons(probe)
    except EmulationError as error:
        raise CannotRunError(f"pip reaches no package index, from which the ARM wheels come: {error}") from error
    shutil.rmtree(folder / ".probe")
    _pythons(install_command(wheel, folder))


def _pythons(arguments: Sequence[str]) -> None:
    """Runs a module of this Python."""
    done = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for text in (done.stdout, done.stderr) for line in text.splitlines() if line.strip()]
        raise EmulationError(f"{' '.join(arguments[:2])} failed: {said[-1] if said else 'nothing was printed'}")
