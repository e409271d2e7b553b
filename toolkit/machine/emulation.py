"""Whether this process runs on the processor it was built for, or another program, an emulator, runs it."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Literal

Family = Literal["x86", "arm"]

EMULATED = "this process is emulated: times measured here say nothing about any real processor"

_KERNEL = Path("/proc/sys/kernel/arch")  # since Linux 6.1; emulators pass it on as it is
_CPUINFO = Path("/proc/cpuinfo")
# Emulators answer for the first of these with the program they run; the second, which they leave alone, names them.
_PROGRAM, _RUNNING = Path("/proc/self/exe"), Path("/proc/thread-self/exe")
_EMULATORS = ("qemu-", "box64", "box86", "FEX", "rosetta")


@cache
def is_emulated() -> bool:
    """Returns whether there is a sign that this process is emulated; a virtual machine is none."""
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "sysctl.proc_translated"]  # Rosetta; older systems do not know the name
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() == "1"
    own = family_of(platform.machine())
    others = (family_of(_text(_KERNEL)), family_of_cpuinfo(_text(_CPUINFO)))
    return (own is not None and any(other not in (None, own) for other in others)) or _run_by_emulator()


def family_of(architecture: str) -> Family | None:
    """Returns the family of an architecture as `uname -m` names it; None for others than these two."""
    name = architecture.strip().lower()
    if re.fullmatch(r"x86_64|amd64|i[3-6]86", name):
        return "x86"
    return "arm" if re.fullmatch(r"aarch64(_be)?|arm64|arm(v\d\w*)?", name) else None


def family_of_cpuinfo(text: str) -> Family | None:
    """Returns the family of the processors in the text of /proc/cpuinfo; None where it is another one, or unclear."""
    if re.search(r"^vendor_id\s*:.*$", text, re.MULTILINE) and re.search(r"^flags\s*:", text, re.MULTILINE):
        return "x86"
    return "arm" if re.search(r"^CPU (implementer|architecture)\s*:", text, re.MULTILINE) else None


def _run_by_emulator() -> bool:
    try:
        running = os.readlink(_RUNNING)
        return running != os.readlink(_PROGRAM) and os.path.basename(running).startswith(_EMULATORS)
    except OSError:  # no Linux, or no /proc
        return False


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # no such file here: no sign
        return ""
