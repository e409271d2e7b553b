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
_UNREACHED = "connection broken"  # in pip's warnings, where an index does not answer
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
    problem = _problem(["build", "--no-isolation", "--outdir", str(out), str(copy)])
    if problem:
        raise EmulationError(f"the wheel cannot be built: {_last_line(problem)}")
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
    problem = _problem(install_command(wheel, folder))
    if problem and _UNREACHED in problem:
        raise CannotRunError(f"pip reaches no package index, from which the ARM wheels come: {_last_line(problem)}")
    if problem:
        raise EmulationError(f"pip install failed: {_last_line(problem)}")


def _problem(arguments: Sequence[str]) -> str | None:
    """Runs a module of this Python, and returns what it printed where it failed."""
    done = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, check=False)
    return f"{done.stdout}\n{done.stderr}" if done.returncode else None


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "nothing was printed")
