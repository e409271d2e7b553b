"""A Debian root of another architecture, built once and used again."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emulation.errors import EmulationError
from emulation.namespace import PATH, run_emulated

VARIABLE = "CNNKIT_ARM_ROOT"
MIRROR = "http://deb.debian.org/debian"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SUITE, PYTHON = "bookworm", "3.11"  # 64-bit Raspberry Pi OS is made of it
PACKAGES = ("python3", "ca-certificates", "libgl1", "libglib2.0-0")  # the last two are OpenCV's
MARK = ".cnnkit-root"  # holds the recipe, written when the root is whole
RECIPE = f"{SUITE} arm64 {' '.join(PACKAGES)}\n"


def root_folder() -> Path:
    """Returns where the root lies, or will."""
    named = os.environ.get(VARIABLE)
    return Path(named).absolute() if named else Path.home() / ".cache" / "cnnkit" / "arm64-root"


def is_whole(root: Path) -> bool:
    """Tells a root that was built to its end, of these packages, from half of one and from one of others."""
    mark = root / MARK
    return mark.is_file() and mark.read_text(encoding="utf-8") == RECIPE


def ensure_root(root: Path, qemu: str) -> None:
    """Builds the root where there is no whole one; only one process does at a time.

    Raises:
        EmulationError: Something else is in its place, or debootstrap failed.
    """
    with _locked(root):
        if not is_whole(root):
            _check_place(root)
            building = root.with_name(f"{root.name}.building")
            _remove(building)
            _build(building, qemu, root.with_name(f"{root.name}.log"))
            _remove(root)
            building.rename(root)


def first_stage(building: Path) -> list[str]:
    """Returns the command that downloads and unpacks the packages."""
    options = ["--foreign", "--arch=arm64", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
    return ["debootstrap", *options, SUITE, str(building), MIRROR]


def second_stage(building: Path) -> list[str]:
    """Returns the command that configures them, with their own programs."""
    return ["chroot", str(building), "/debootstrap/debootstrap", "--second-stage"]


def mounted_below(folder: Path, mountinfo: str) -> list[str]:
    """Returns the places below a folder where something is mounted, by the text of /proc/self/mountinfo."""
    places = [line.split()[4].replace(r"\040", " ") for line in mountinfo.splitlines()]
    return [place for place in places if Path(place).is_relative_to(folder)]


def _build(building: Path, qemu: str, log: Path) -> None:
    building.parent.mkdir(parents=True, exist_ok=True)
    stages = [shlex.join(stage(building)) for stage in (first_stage, second_stage)]
    variables = {"PATH": PATH, "HOME": "/tmp", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    with log.open("w", encoding="utf-8") as output:
        done = run_emulated(stages, qemu, variables, output=output)
    if done.returncode:
        said = log.read_text(encoding="utf-8", errors="replace").splitlines()
        last = next((line for line in reversed(said) if line.strip()), "nothing was printed")
        raise EmulationError(f"debootstrap ended with exit code {done.returncode}: {last} (all of it is in {log})")
    (building / MARK).write_text(RECIPE, encoding="utf-8")


def _check_place(root: Path) -> None:
    if root.is_dir() and any(root.iterdir()) and not (root / MARK).is_file():
        raise EmulationError(f"{root} is no root that this built: remove it, or name another folder in {VARIABLE}")


def _remove(folder: Path) -> None:
    """Removes a root; refuses where something of this machine is mounted in it."""
    if not folder.exists():
        return
    mounted = mounted_below(folder, Path("/proc/self/mountinfo").read_text(encoding="utf-8"))
    if mounted:
        raise EmulationError(f"{mounted[-1]} is mounted and {folder} has to be removed: umount it first")
    shutil.rmtree(folder)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    import fcntl  # which Windows lacks

    root.parent.mkdir(parents=True, exist_ok=True)
    with root.with_name(f"{root.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
