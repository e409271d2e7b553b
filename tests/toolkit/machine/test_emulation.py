"""Whether a process is emulated, from what the system says; the real emulators are tried where they are installed."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cnnkit.machine.machine
from cnnkit.machine import emulation
from cnnkit.machine.emulation import family_of, family_of_cpuinfo, is_emulated

INTEL = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R)\nflags\t\t: fpu avx2 avx512_vnni\n"
PI5 = "processor\t: 0\nFeatures\t: fp asimd asimddp\nCPU implementer\t: 0x41\nCPU part\t: 0xd0b\n"
PI_32 = "processor\t: 0\nmodel name\t: ARMv7 Processor rev 3\nFeatures\t: half neon\nCPU architecture: 7\n"
PYTHON, QEMU = "/usr/bin/python3.11", "/usr/bin/qemu-aarch64-static"


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes a system: system(machine, kernel, cpuinfo, program, running), each None where it has no such thing."""

    def make(machine: str, kernel: str | None, cpuinfo: str | None, program: str | None, running: str | None) -> None:
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setattr(platform, "machine", lambda: machine)
        for name, text in (("_KERNEL", kernel), ("_CPUINFO", cpuinfo)):
            if text is not None:
                (tmp_path / name).write_text(text, encoding="utf-8")
            monkeypatch.setattr(emulation, name, tmp_path / name)
        for name, target in (("_PROGRAM", program), ("_RUNNING", running)):
            if target is not None:
                (tmp_path / name).symlink_to(target)
            monkeypatch.setattr(emulation, name, tmp_path / name)

    is_emulated.cache_clear()
    yield make
    is_emulated.cache_clear()


@pytest.mark.parametrize(
    ("machine", "kernel", "cpuinfo", "program", "running", "expected"),
    [
        pytest.param("x86_64", "x86_64\n", INTEL, PYTHON, PYTHON, False, id="a PC"),
        pytest.param("AMD64", None, INTEL, None, None, False, id="a PC, by its other name"),
        pytest.param("aarch64", "aarch64\n", PI5, PYTHON, PYTHON, False, id="a Raspberry Pi"),
        pytest.param("armv7l", "aarch64\n", PI_32, PYTHON, PYTHON, False, id="32 bits on a 64-bit kernel"),
        pytest.param("i686", "x86_64\n", INTEL, PYTHON, PYTHON, False, id="32 bits on a PC"),
        pytest.param("x86_64", None, None, None, None, False, id="a system that says nothing"),
        pytest.param("riscv64", "riscv64\n", "isa\t: rv64imafdc\n", PYTHON, PYTHON, False, id="another architecture"),
        pytest.param("aarch64", "aarch64\n", PI5, PYTHON, "/usr/lib/proot/loader", False, id="a program's loader"),
        pytest.param("aarch64", "x86_64\n", INTEL, PYTHON, QEMU, True, id="qemu on a PC"),
        pytest.param("aarch64", None, INTEL, None, None, True, id="an older kernel without links"),
        pytest.param("aarch64", "x86_64\n", PI5, PYTHON, PYTHON, True, id="a cpuinfo that is made up"),
        pytest.param("aarch64", None, PI5, PYTHON, QEMU, True, id="a made-up cpuinfo on an older kernel"),
        pytest.param("x86_64", "aarch64\n", PI5, PYTHON, PYTHON, True, id="x86 on Arm"),
        pytest.param("x86_64", "x86_64\n", INTEL, PYTHON, "/usr/bin/qemu-x86_64", True, id="another x86 processor"),
    ],
)
def test_signs(system, machine, kernel, cpuinfo, program, running, expected) -> None:
    system(machine, kernel, cpuinfo, program, running)
    assert is_emulated() is expected


@pytest.mark.parametrize(("said", "expected"), [("1\n", True), ("0\n", False), ("", False)])
def test_rosetta(system, monkeypatch: pytest.MonkeyPatch, said: str, expected: bool) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, stdout=said))
    assert is_emulated() is expected


@pytest.mark.parametrize(
    ("names", "family"),
    [
        (("x86_64", "AMD64", "i386", "i686", "x86_64\n"), "x86"),
        (("aarch64", "arm64", "armv7l", "armv8l", "armv6l", "arm"), "arm"),
        (("riscv64", "ppc64le", "s390x", "loongarch64", ""), None),
    ],
)
def test_families(names: tuple[str, ...], family: str | None) -> None:
    assert {family_of(name) for name in names} == {family}


@pytest.mark.parametrize(
    ("text", "family"),
    [
        (INTEL, "x86"),
        (PI5, "arm"),
        (PI_32, "arm"),
        ("vendor_id       : IBM/S390\nfeatures\t: esan3 zarch\n", None),
        ("Model Name\t: Loongson-3A5000\nFeatures\t: cpucfg lam\n", None),
        ("", None),
    ],
)
def test_families_of_cpuinfo(text: str, family: str | None) -> None:
    assert family_of_cpuinfo(text) == family


@pytest.mark.parametrize("cpuinfo", [INTEL, PI5], ids=["the host's", "made up"])
def test_nothing_of_the_machine_behind_is_told(system, monkeypatch: pytest.MonkeyPatch, cpuinfo: str) -> None:
    class Cv2:
        @staticmethod
        def checkHardwareSupport(number: int) -> bool:  # as OpenCV calls it
            return number == 100

    system("aarch64", "x86_64\n", cpuinfo, PYTHON, QEMU)
    monkeypatch.setattr(cnnkit.machine.machine, "_text", lambda path: cpuinfo)
    monkeypatch.setattr(cnnkit.machine.machine, "import_cv2", lambda: Cv2)
    found = cnnkit.machine.machine.describe_machine()
    assert (found.cpu, found.architecture, found.emulated) == ("aarch64, emulated", "aarch64", True)
    assert (found.instruction_sets, found.virtual, found.int8_dot_product) == (("neon",), None, False)


def test_this_process_is_not() -> None:
    assert is_emulated() is False


@pytest.mark.skipif(shutil.which("qemu-x86_64-static") is None, reason="there is no qemu-x86_64-static")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="this Python is for another processor")
def test_under_qemu() -> None:
    """A Haswell without VNNI, whatever the machine behind it has."""
    code = "import json; from dataclasses import asdict; from cnnkit.machine.machine import describe_machine as d; "
    command = ["qemu-x86_64-static", "-cpu", "Haswell", sys.executable, "-c", code + "print(json.dumps(asdict(d())))"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    found = json.loads(done.stdout)
    assert (found["cpu"], found["emulated"], found["virtual"]) == ("x86_64, emulated", True, None)
    assert found["instruction_sets"] == ["sse4_2", "avx", "avx2", "fma"]
