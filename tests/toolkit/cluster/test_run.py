from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/measure_ray.py"


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: pip install 'cnnkit[ray]'")
def test_a_worker_killed_halfway_loses_and_doubles_nothing():
    call = [sys.executable, str(SCRIPT), "--count", "6000"]
    done = subprocess.run(call, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6,000 rows in 6 shards, 0 lost, 0 doubled" in done.stdout
    assert "the same as locally: True; manifest: True; left over: nothing" in done.stdout
