"""A CPU whose newer instructions are hidden, as programs see it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from emulation import older
from emulation.errors import CannotRunError
from emulation.older import older_cpu, without_newer

SCRIPT = Path(__file__).parents[1] / "scripts" / "on_older_cpu.py"
NEWER = {"avx512f", "avx512_vnni", "avx_vnni", "amx_int8"}


@pytest.fixture(scope="module")
def hidden():
    try:
        with older_cpu() as words:
            yield words
    except CannotRunError as error:
        pytest.skip(str(error))


def test_programs_see_neither_flags_nor_cpuid(hidden):
    code = (
        "import cv2, json; from cnnkit.machine import describe_machine; machine = describe_machine();"
        "cpuid = [name for name in (11, 13, 23) if cv2.checkHardwareSupport(name)];"
        "print(json.dumps([machine.instruction_sets, machine.int8_dot_product, cpuid]))"
    )
    done = subprocess.run([*hidden, sys.executable, "-c", code], capture_output=True, text=True, check=True)
    sets, dot_product, by_opencv = json.loads(done.stdout)
    assert "avx2" in sets and not NEWER & set(sets)
    assert dot_product is False
    assert by_opencv == [11]  # AVX2, and neither AVX-512 nor VNNI


def test_other_faults_end_a_program_as_they_do(hidden):
    code = "import ctypes; ctypes.string_at(0)"
    done = subprocess.run([*hidden, sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode in (-11, 139)


def test_a_command_is_run_and_its_exit_code_is_given(hidden):
    done = subprocess.run([sys.executable, SCRIPT, "sh", "-c", "echo hello; exit 3"], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("hello\n", 3)
    assert subprocess.run([sys.executable, SCRIPT], capture_output=True).returncode == 1


def test_flags_are_taken_out_of_cpuinfo_and_nothing_else():
    text = (
        "model name\t: AMX Xeon\nflags\t\t: fma avx2 avx512f avx512_vnni avx_vnni amx_int8 sse4_2\n\nprocessor\t: 1\n"
    )
    kept = "model name\t: AMX Xeon\nflags\t\t: fma avx2 sse4_2\n\nprocessor\t: 1\n"
    assert without_newer(text) == kept


@pytest.mark.parametrize(
    ("missing", "said"),
    [("cpuid_fault", "does not let CPUID fault"), ("gcc", "not installed: apt-get install gcc")],
)
def test_what_is_missing_is_said(missing, said, tmp_path, monkeypatch):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("flags\t: avx2" + ("" if missing == "cpuid_fault" else " cpuid_fault") + "\n")
    monkeypatch.setattr(older, "_CPUINFO", cpuinfo)
    monkeypatch.setattr(older.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(older.platform, "system", lambda: "Linux")
    monkeypatch.setattr(older.shutil, "which", lambda name: None if name == missing else f"/usr/bin/{name}")
    with pytest.raises(CannotRunError, match=said), older_cpu():
        pass
