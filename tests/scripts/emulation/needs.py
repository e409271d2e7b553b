"""Whether ARM machines can be emulated here, and what is missing where not."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from emulation.namespace import MOUNT_BINFMT, PATH, QEMU, namespaced
from emulation.root import KEYRING, MIRROR, SUITE, VARIABLE, is_whole

# Program -> the Debian package that has it.
PROGRAMS = {
    QEMU: "qemu-user-static",
    "debootstrap": "debootstrap",
    "unshare": "util-linux",
    "setpriv": "util-linux",
    "mount": "mount",
    "chroot": "coreutils",
}
PRIVILEGED = "a container needs `docker run --privileged`, or use a virtual machine"


def program(name: str) -> str | None:
    """Returns the path of a program of the system, or None where it is not installed."""
    return shutil.which(name, path=PATH)


def missing(root: Path) -> str | None:
    """Returns why ARM cannot be emulated here and what to do, or None where it can.

    Args:
        root: Where the Debian root is, or will be built.
    """
    return (
        system_problem(sys.platform, platform.machine(), os.geteuid() if hasattr(os, "geteuid") else 0)
        or _packages_missing()
        or _namespaces_refused()
        or (None if is_whole(root) else _mirror_problem())
    )


def system_problem(system: str, machine: str, user: int) -> str | None:
    """Returns what is wrong with the system, the machine or the user."""
    if system != "linux":
        return f"qemu-user emulates on Linux only, this is {system}: use a Debian machine"
    if machine in ("aarch64", "arm64"):
        return f"this machine is {machine} itself: nothing needs to be emulated, `make test` says what it does"
    if user != 0:
        return "a change of root and mounts need root: make .venv/.installed-dev && sudo make test-arm"
    return None


def _packages_missing() -> str | None:
    packages = list({package: None for name, package in PROGRAMS.items() if program(name) is None})
    packages += [] if KEYRING.is_file() else ["debian-archive-keyring"]
    return f"not installed: apt-get install {' '.join(packages)}" if packages else None


def _namespaces_refused() -> str | None:
    done = subprocess.run(namespaced(MOUNT_BINFMT), env={"PATH": PATH}, capture_output=True, text=True, check=False)
    if not done.returncode:
        return None
    said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return f"binfmt_misc cannot be mounted in a namespace ({said[-1]}): {PRIVILEGED}"


def _mirror_problem() -> str | None:
    address = f"{MIRROR}/dists/{SUITE}/InRelease"
    try:
        urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=20).close()
    except (OSError, urllib.error.URLError) as error:
        return f"{MIRROR} cannot be reached ({error}): name a root that was built elsewhere in {VARIABLE}"
    return None
