from __future__ import annotations

import pytest
from fake_clock import FakeClock

from cnnkit.bench.measuring.pace import time_paced


@pytest.mark.parametrize(
    ("durations", "begins", "dropped"),
    [
        pytest.param([10, 10, 10], [0, 40, 80], 0, id="faster than the camera"),
        pytest.param([40, 40, 40], [0, 40, 80], 0, id="just as fast"),
        pytest.param([50, 10, 10], [0, 50, 80], 0, id="one late: the frame that came meanwhile waits"),
        pytest.param([90, 10, 10], [0, 90, 120], 1, id="two came meanwhile: the newer one is taken"),
        pytest.param([100, 100, 100], [0, 100, 200], 4, id="always slower: 1, then 3 and 4, then 6"),
        pytest.param([400, 10], [0, 400], 9, id="a pause"),
    ],
)
def test_a_frame_every_40_ms(durations, begins, dropped):
    clock, left, started = FakeClock(), iter(durations), []
    first = clock()

    def call():
        started.append((clock() - first) / 1e6)
        clock.spend(next(left))

    found = time_paced(call, 25.0, len(durations), clock=clock, sleep=lambda seconds: clock.spend(1000 * seconds))
    assert found.times_ms == durations
    assert started == pytest.approx(begins)
    assert found.dropped == dropped
