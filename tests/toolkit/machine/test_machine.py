from __future__ import annotations

import platform
import socket
from dataclasses import asdict, replace

import pytest

import cnnkit.machine.machine
from cnnkit.errors import CnnkitError
from cnnkit.machine.machine import (
    cpu_name,
    cpu_name_of,
    describe_machine,
    instruction_sets_of,
    physical_cores_of,
    virtual_of,
)

XEON = """\
processor	: 0
model name	: Intel(R) Xeon(R) Gold 6226R CPU @ 2.90GHz
physical id	: 0
core id		: 0
flags		: fpu sse4_2 avx avx2 fma avx512f avx512_vnni

processor	: 1
model name	: Intel(R) Xeon(R) Gold 6226R CPU @ 2.90GHz
physical id	: 0
core id		: 0
flags		: fpu sse4_2 avx avx2 fma avx512f avx512_vnni

processor	: 2
model name	: Intel(R) Xeon(R) Gold 6226R CPU @ 2.90GHz
physical id	: 0
core id		: 1
flags		: fpu sse4_2 avx avx2 fma avx512f avx512_vnni
"""
ZEN3 = "processor\t: 0\nmodel name\t: AMD EPYC 7763\nflags\t\t: fpu sse4_2 avx avx2 fma\n"
PI5 = "processor\t: 0\nFeatures\t: fp asimd evtstrm asimdhp asimddp\nCPU part\t: 0xd0b\n"
PI4 = "processor\t: 0\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU part\t: 0xd08\n"


@pytest.mark.parametrize(
    ("cpuinfo", "name", "sets", "cores"),
    [
        pytest.param(
            XEON,
            "Intel(R) Xeon(R) Gold 6226R CPU @ 2.90GHz",
            ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_vnni"),
            2,
            id="Xeon with hyper-threading",
        ),
        pytest.param(ZEN3, "AMD EPYC 7763", ("sse4_2", "avx", "avx2", "fma"), None, id="Zen 3 in a sandbox"),
        pytest.param(PI5, "", ("neon", "dotprod"), None, id="Raspberry Pi 5"),
        pytest.param("", "", (), None, id="no such file"),
    ],
)
def test_cpuinfo(cpuinfo, name, sets, cores):
    assert (cpu_name_of(cpuinfo), instruction_sets_of(cpuinfo), physical_cores_of(cpuinfo)) == (name, sets, cores)


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        pytest.param(XEON, True, id="VNNI"),
        pytest.param(ZEN3, False, id="AVX2 alone"),
        pytest.param(PI5, True, id="Arm dot product"),
        pytest.param(PI4, False, id="Arm without it"),
        pytest.param("", None, id="unknown"),
    ],
)
def test_int8_dot_product(cpuinfo, expected):
    machine = replace(describe_machine(), instruction_sets=instruction_sets_of(cpuinfo))
    assert machine.int8_dot_product is expected


def test_this_machine_is_described_without_its_name():
    machine = asdict(describe_machine())
    assert machine["cpu"] and machine["threads"] >= 1
    assert machine["python"] == platform.python_version()
    assert set(machine["packages"]) == {"numpy", "onnxruntime"}
    assert socket.gethostname() not in map(str, machine.values())


def test_a_cpu_without_a_name_is_called_by_its_architecture(monkeypatch):
    monkeypatch.setattr(cnnkit.machine.machine, "_text", lambda path: "")
    assert cpu_name() == platform.machine()


def test_without_cpuinfo_opencv_is_asked(monkeypatch):
    class Cv2:
        @staticmethod
        def checkHardwareSupport(number):  # as OpenCV calls it
            return number in (11, 23)

    monkeypatch.setattr(cnnkit.machine.machine, "_text", lambda path: "")
    monkeypatch.setattr(cnnkit.machine.machine, "import_cv2", lambda: Cv2)
    assert cnnkit.machine.machine.instruction_sets() == ("avx2", "avx512_vnni")


def test_without_cpuinfo_and_opencv_they_are_unknown(monkeypatch):
    def broken():
        raise CnnkitError("OpenCV cannot start")

    monkeypatch.setattr(cnnkit.machine.machine, "_text", lambda path: "")
    monkeypatch.setattr(cnnkit.machine.machine, "import_cv2", broken)
    assert cnnkit.machine.machine.instruction_sets() == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("flags\t\t: fpu avx2 hypervisor\n", True), ("flags\t\t: fpu avx2\n", False), ("Features\t: asimd\n", None)],
)
def test_virtual_machines(text, expected):
    assert virtual_of(text) is expected
