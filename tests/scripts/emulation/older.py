"""This machine's own x86 CPU as one with AVX2: AVX-512, VNNI and AMX are hidden from programs, which run at its speed.

What emulators show of answers is shown here by the silicon, in a hundredth of the time, and latencies can be measured.
Needs a CPU and a system that let CPUID fault ("cpuid_fault" in /proc/cpuinfo), gcc, and the right to mount.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emulation.errors import CannotRunError, EmulationError

_SOURCE = Path(__file__).with_name("older_cpu.c")
_CPUINFO = Path("/proc/cpuinfo")
_HIDDEN = ("avx512", "avx_vnni", "avx_ifma", "avx_ne_convert", "avx10", "amx_")  # how their flags begin
_PROGRAMS = {"gcc": "gcc", "unshare": "util-linux", "mount": "mount"}  # -> the Debian package that has it


def why_not() -> str | None:
    """Returns why this CPU cannot be shown as an older one, or None where it can."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return "an x86 CPU and Linux are needed to hide what the CPU has"
    if "cpuid_fault" not in _CPUINFO.read_text(encoding="utf-8").split():
        return "this CPU or its virtual machine does not let CPUID fault, so nothing can be hidden"
    absent = [package for name, package in _PROGRAMS.items() if shutil.which(name) is None]
    if absent:
        return f"not installed: apt-get install {' '.join(absent)}"
    done = subprocess.run([*_namespaced(), "true"], capture_output=True, text=True, check=False)
    return f"nothing can be mounted here ({done.stderr.strip()}): run it as root" if done.returncode else None


@contextmanager
def older_cpu() -> Iterator[list[str]]:
    """Gives the words before a command that run it so.

    Raises:
        CannotRunError: This machine cannot hide what its CPU has, or lacks a program; the line says which.
        EmulationError: The library cannot be built.
    """
    problem = why_not()
    if problem is not None:
        raise CannotRunError(problem)
    with tempfile.TemporaryDirectory(prefix="cnnkit-older-") as temporary:
        library, cpuinfo = Path(temporary, "older_cpu.so"), Path(temporary, "cpuinfo")
        command = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(library), str(_SOURCE)]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        if built.returncode:
            raise EmulationError(f"{_SOURCE.name} cannot be built: {built.stderr.strip().splitlines()[-1]}")
        cpuinfo.write_text(without_newer(_CPUINFO.read_text(encoding="utf-8")), encoding="utf-8")
        yield [
            *_namespaced(),
            f'mount --bind "$0" {_CPUINFO} && exec "$@"',
            str(cpuinfo),
            "env",
            f"LD_PRELOAD={library}",
        ]


def without_newer(cpuinfo: str) -> str:
    """Returns the text of /proc/cpuinfo without the flags of what is hidden."""
    return "\n".join(
        " ".join(word for word in line.split(" ") if not word.startswith(_HIDDEN)) for line in cpuinfo.split("\n")
    )


def _namespaced() -> list[str]:
    """Returns the words before a script of the shell that let it mount something that it alone sees."""
    root = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", "--mount", *root, "sh", "-c"]
