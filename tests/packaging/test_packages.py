"""The distribution: every folder is listed, and the wheel holds what the source tree holds."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {"toolkit": "cnnkit", "train": "cnnkit.train", "export": "cnnkit.export", "bench": "cnnkit.bench"}
SETUP = tomllib.loads((ROOT / "pyproject.toml").read_text())
SHIPPED = {
    ".py",
    ".typed",
    ".toml",
    ".onnx",
    ".keras",
    ".md",
    ".jpg",
    ".html",
    ".css",
    ".js",
    ".svg",
    ".json",
    ".txt",
    ".service",
}
WHEEL_LIMIT = 5_000_000  # bytes


def package_of(folder: Path) -> str:
    top, *rest = folder.relative_to(ROOT).parts
    return ".".join([FOLDERS[top], *rest])


def source_files() -> set[str]:
    """Paths as they stand in the wheel, of all files that the four folders should ship."""
    # For readers of the repository.
    readers = ("toolkit/examples/README.md", "toolkit/commands/GUIDE.md", "toolkit/live/RUNNING.md")
    pages = {ROOT / name for name in (*readers, "train/RESULTS.md", "bench/FIGURES.md")}
    return {
        "/".join([FOLDERS[top].replace(".", "/"), *path.relative_to(ROOT / top).parts])
        for top in FOLDERS
        for path in (ROOT / top).rglob("*")
        if path.suffix in SHIPPED and "__pycache__" not in path.parts and path not in pages
    }


def test_every_folder_with_modules_is_a_listed_package() -> None:
    folders = {path.parent for top in FOLDERS for path in (ROOT / top).rglob("__init__.py")}
    assert {package_of(folder) for folder in folders} == set(SETUP["tool"]["setuptools"]["packages"])
    loose = {path.parent for top in FOLDERS for path in (ROOT / top).rglob("*.py")} - folders
    assert not loose


def test_the_four_folders_are_mapped_and_banned_as_imports() -> None:
    assert SETUP["tool"]["setuptools"]["package-dir"] == {name: folder for folder, name in FOLDERS.items()}
    assert set(SETUP["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]) == set(FOLDERS)


@pytest.mark.parametrize("folder", FOLDERS)
def test_ruff_refuses_an_import_by_folder_name(folder: str) -> None:
    code = f"import {folder}\n\nprint({folder})\n"
    arguments = ["check", "--stdin-filename", str(ROOT / "toolkit" / "anything.py"), "--select", "TID251", "-"]
    ruff = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments], input=code, text=True, capture_output=True, cwd=ROOT
    )
    assert ruff.returncode == 1 and "TID251" in ruff.stdout


def test_versions_agree() -> None:
    from cnnkit import __version__

    assert SETUP["project"]["version"] == __version__


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    return out


def test_the_wheel_holds_exactly_the_source_files_and_stays_small(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = next(archive.read(name).decode() for name in archive.namelist() if name.endswith("METADATA"))
    assert names == source_files()
    assert wheel.stat().st_size < WHEEL_LIMIT
    base = [line for line in metadata.splitlines() if line.startswith("Requires-Dist") and "extra ==" not in line]
    assert sorted(line.split()[1].split(">")[0] for line in base) == [
        "click",
        "numpy",
        "onnxruntime",
        "opencv-python",
        "rich",
    ]


def test_the_sdist_builds_without_the_repository(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "LICENSE", "README.md", "toolkit/cli.py", "train/fitting/fit.py"} <= names
