from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace

import pytest
from fake_clock import FakeClock

from cnnkit.bench.measuring.cold_start import ColdStart, measure_cold_starts, start
from cnnkit.errors import ModelError


def process_that_runs(code: str) -> tuple[str, ...]:
    return sys.executable, "-c", f"import sys\nsys.stdin.readline()\n{code}"


def test_a_start_in_this_process(loading):
    clock = FakeClock()
    found = json.loads(start(json.dumps(asdict(loading)), lambda: clock.spend(5.0) or clock()))
    assert found == {"load_ms": 5.0, "first_ms": 5.0}


def test_processes_are_started_in_turns(loading):
    clock = FakeClock()
    command = process_that_runs('print(\'{"load_ms": 20.0, "first_ms": 3.0}\', flush=True)')
    found = measure_cold_starts(
        [loading, replace(loading, name="other")], command=command, clock=lambda: clock.spend(100.0) or clock()
    )
    assert found == {name: ColdStart(77.0, 20.0, 3.0, 100.0, 5) for name in ("tiny", "other")}


def test_slow_starts_are_made_once(loading):
    clock = FakeClock()
    command = process_that_runs('print(\'{"load_ms": 20.0, "first_ms": 3.0}\', flush=True)')
    found = measure_cold_starts([loading], command=command, clock=lambda: clock.spend(5000.0) or clock())
    assert found["tiny"].n == 1


def test_a_real_process(loading):
    found = measure_cold_starts([loading])["tiny"]
    assert found.process_ms > 10 and found.load_ms > 1 and found.first_ms > 0
    assert 1 <= found.n <= 5  # fewer on a busy machine


def test_what_does_not_start_is_one_line(loading):
    with pytest.raises(ModelError, match=r"^tiny did not start: no space left$"):
        measure_cold_starts([loading], command=process_that_runs("sys.exit('first\\nno space left')"))
