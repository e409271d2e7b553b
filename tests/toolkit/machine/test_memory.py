from __future__ import annotations

import sys

import pytest

from cnnkit.machine.memory import free_memory

MEMINFO = "MemTotal:       24000000 kB\nMemFree:          100000 kB\nMemAvailable:    2000000 kB\n"


def write(root, **files):
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_what_the_system_says(tmp_path):
    write(tmp_path, proc__meminfo=MEMINFO)
    assert free_memory(tmp_path) == 2_000_000 * 1024


@pytest.mark.parametrize(
    "names", [("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")]
)
@pytest.mark.parametrize(
    ("limit", "free"), [("1000", 400), ("max", 2_000_000 * 1024), ("9" * 18, 2_000_000 * 1024), ("500", 0)]
)
def test_what_a_container_leaves(tmp_path, names, limit, free):
    write(tmp_path, proc__meminfo=MEMINFO)
    for name, text in zip(names, (limit, "600"), strict=True):
        path = tmp_path / "sys" / "fs" / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    assert free_memory(tmp_path) == free


def test_unknown_elsewhere(tmp_path):
    assert free_memory(tmp_path) is None


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone says it")
def test_of_this_machine():
    assert 0 < free_memory() < 2**50
