"""What machine this is, for every figure that depends on it; no host name, no paths, no serial numbers."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cnnkit.errors import CnnkitError
from cnnkit.machine.emulation import is_emulated
from cnnkit.system import import_cv2

_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
RUNTIME_PACKAGES = ("numpy", "onnxruntime")

# Name here -> its flags in /proc/cpuinfo (x86 "flags", Arm "Features"). The order is the order of printing.
_LINUX_FLAGS = {
    "sse4_2": "sse4_2",
    "avx": "avx",
    "avx2": "avx2",
    "fma": "fma",
    "avx_vnni": "avx_vnni",
    "avx512f": "avx512f",
    "avx512_vnni": "avx512_vnni",
    "avx512_bf16": "avx512_bf16",
    "amx_int8": "amx_int8",
    "amx_bf16": "amx_bf16",
    "neon": "asimd",
    "dotprod": "asimddp",
    "i8mm": "i8mm",
    "bf16": "bf16",
}
# Name here -> OpenCV's number (core/cvdef.h; Python has no names for them), for systems without /proc/cpuinfo.
_OPENCV_FEATURES = {
    "sse4_2": 7,
    "avx": 10,
    "avx2": 11,
    "fma": 12,
    "avx512f": 13,
    "avx512_vnni": 23,
    "neon": 100,
    "dotprod": 101,
}
INT8_DOT_PRODUCTS = frozenset({"avx_vnni", "avx512_vnni", "amx_int8", "dotprod", "i8mm"})
BFLOAT16_PRODUCTS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})


@dataclass(frozen=True)
class Machine:
    """A machine as far as it decides how fast a model runs; None where unknown."""

    cpu: str  # model name
    architecture: str  # x86_64, aarch64, ...
    cores: int | None  # physical
    threads: int  # logical, that this process may use
    memory_bytes: int | None
    instruction_sets: tuple[str, ...]  # those that matter here; empty where unknown
    os: str  # name and release
    python: str
    packages: dict[str, str]  # name -> version of what runs the models
    governor: str | None = None  # of Linux's frequency scaling, such as "powersave"; None where there is none
    virtual: bool | None = None  # whether the CPU says that it is a virtual machine's
    emulated: bool | None = None  # whether another program runs this process's instructions: then times mean nothing

    @property
    def int8_dot_product(self) -> bool | None:
        """Whether the CPU multiplies 8-bit integers in groups (VNNI, Arm dot product); None where unknown."""
        return bool(INT8_DOT_PRODUCTS & set(self.instruction_sets)) if self.instruction_sets else None


def describe_machine() -> Machine:
    """Returns what is known of this machine."""
    return Machine(
        cpu=cpu_name(),
        architecture=platform.machine(),
        cores=physical_cores(),
        threads=_usable_threads(),
        memory_bytes=_memory_bytes(),
        instruction_sets=instruction_sets(),
        os=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        packages={name: found for name in RUNTIME_PACKAGES if (found := package_version(name)) is not None},
        governor=_text(_GOVERNOR).strip() or None,
        virtual=virtual_of(_cpuinfo()),
        emulated=is_emulated(),
    )


def cpu_name() -> str:
    """Returns the CPU's model name, or on boards that do not say it the board's name, or the architecture.

    Of a process that is emulated only its architecture is known; the names are those of the machine behind it.
    """
    if is_emulated():
        return f"{platform.machine()}, emulated"
    if sys.platform == "darwin":
        name = _sysctl("machdep.cpu.brand_string")
    elif sys.platform == "win32":
        name = _windows_cpu_name()
    else:
        name = cpu_name_of(_cpuinfo()) or _text(Path("/proc/device-tree/model")).rstrip("\0")
    return " ".join(name.split()) or platform.machine()


def cpu_name_of(cpuinfo: str) -> str:
    """Returns the model name in the text of /proc/cpuinfo; empty where it has none, as on Arm."""
    return _field(cpuinfo, "model name")


def instruction_sets() -> tuple[str, ...]:
    """Returns the instruction sets that matter to a CNN and that this CPU has; empty where unknown."""
    cpuinfo = _cpuinfo()
    return instruction_sets_of(cpuinfo) if cpuinfo else _opencv_instruction_sets()


def instruction_sets_of(cpuinfo: str) -> tuple[str, ...]:
    """Returns the instruction sets named in the text of /proc/cpuinfo."""
    flags = set((_field(cpuinfo, "flags") or _field(cpuinfo, "Features")).split())
    return tuple(name for name, flag in _LINUX_FLAGS.items() if flag in flags)


def virtual_of(cpuinfo: str) -> bool | None:
    """Returns whether the text of /proc/cpuinfo is of a virtual machine; None where it does not say, as on Arm."""
    flags = _field(cpuinfo, "flags").split()
    return "hypervisor" in flags if flags else None


def physical_cores_of(cpuinfo: str) -> int | None:
    """Returns the number of distinct cores in the text of /proc/cpuinfo; None where it does not say, as on Arm."""
    pairs = re.findall(r"^physical id\s*:\s*(\d+)$.*?^core id\s*:\s*(\d+)$", cpuinfo, re.MULTILINE | re.DOTALL)
    return len(set(pairs)) or None


def physical_cores() -> int | None:
    """Returns the number of physical cores; None where unknown."""
    if sys.platform == "darwin":
        return int(_sysctl("hw.physicalcpu") or 0) or None
    cpuinfo = _cpuinfo()
    if platform.machine() in ("aarch64", "armv7l"):
        return os.cpu_count()  # Arm boards have one thread a core
    return physical_cores_of(cpuinfo)


def package_version(name: str) -> str | None:
    """Returns the version of an installed distribution, or None."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _cpuinfo() -> str:
    """Returns the text of /proc/cpuinfo; nothing where this process is emulated, since it is of other processors."""
    return "" if is_emulated() else _text(Path("/proc/cpuinfo"))


def _text(path: Path) -> str:
    """Returns a file's text, or nothing where the system has no such file: then the fact is unknown."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _field(cpuinfo: str, name: str) -> str:
    match = re.search(rf"^{re.escape(name)}\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return match.group(1).strip() if match else ""


def _usable_threads() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_bytes() -> int | None:
    if sys.platform == "win32":
        return _windows_memory_bytes()
    return int(os.sysconf("SC_PHYS_PAGES")) * int(os.sysconf("SC_PAGE_SIZE"))


def _sysctl(name: str) -> str:
    done = subprocess.run(["/usr/sbin/sysctl", "-n", name], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _opencv_instruction_sets() -> tuple[str, ...]:
    try:
        supports = import_cv2().checkHardwareSupport
    except CnnkitError:  # whoever needs OpenCV for images says what is wrong with it; here one fact stays unknown
        return ()
    return tuple(name for name, number in _OPENCV_FEATURES.items() if supports(number))


def _windows_cpu_name() -> str:
    if sys.platform == "win32":
        import winreg

        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"HARDWARE\DESCRIPTION\System\CentralProcessor\0") as key:
            return str(winreg.QueryValueEx(key, "ProcessorNameString")[0])
    return ""


def _windows_memory_bytes() -> int | None:
    if sys.platform == "win32":
        import ctypes

        # MEMORYSTATUSEX: two 32-bit words (its length, the load in percent), then seven 64-bit ones, the total first.
        status = (ctypes.c_uint64 * 8)(64)
        done = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
        return int(status[1]) if done else None
    return None
