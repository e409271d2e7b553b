"""Figures say when and on what they were measured: the processor, and nothing else of the machine."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from figures.writing import DOT_PRODUCTS, measured_on

from cnnkit.machine.machine import INT8_DOT_PRODUCTS, describe_machine


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Intel(R) Xeon(R) Processor", "Intel Xeon"),
        ("Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz", "Intel Core i7-9750H"),
        ("AMD EPYC 7B13", "AMD EPYC 7B13"),
    ],
)
def test_processors_are_named_in_short(name: str, short: str) -> None:
    machine = replace(describe_machine(), cpu=name, threads=1, instruction_sets=())
    assert measured_on(date(2026, 1, 2), machine) == f"2026-01-02, {short}, 1 processor"


@pytest.mark.parametrize(
    ("threads", "sets", "expected"),
    [
        (1, ("neon", "dotprod"), "Cortex-A76 (dot products), 1 processor"),
        (4, ("avx2", "avx512_vnni", "amx_int8"), "Cortex-A76 (AVX-512 VNNI, AMX), 4 processors"),
        (4, ("avx_vnni", "avx512_vnni", "amx_int8"), "Cortex-A76 (AVX-512 VNNI, AMX), 4 processors"),
        (2, ("avx2",), "Cortex-A76 (no VNNI), 2 processors"),
        (4, ("neon",), "Cortex-A76 (no dot products), 4 processors"),
        (2, (), "Cortex-A76, 2 processors"),
    ],
)
def test_machines_are_named_by_their_processor_alone(threads: int, sets: tuple[str, ...], expected: str) -> None:
    machine = replace(describe_machine(), cpu="Cortex-A76", threads=threads, instruction_sets=sets)
    assert measured_on(date(2026, 1, 2), machine) == f"2026-01-02, {expected}"
    assert set(DOT_PRODUCTS) == INT8_DOT_PRODUCTS
    assert re.fullmatch(r"2026-01-02, [^/|]+, \d+ processors?", measured_on(date(2026, 1, 2), describe_machine()))
