from __future__ import annotations

import pytest

from cnnkit.live.rates import RateMeter
from cnnkit.live.summary import LiveSummary


@pytest.mark.parametrize(
    ("times", "rate"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param([5], None, id="one"),
        pytest.param([0, 1_000_000_000], 1.0, id="a second"),
        pytest.param([7, 7], None, id="no time between"),
        pytest.param([0, *(10**9 + number * 10**7 for number in range(40))], 100.0, id="the last 30 alone"),
        pytest.param([0, 5 * 10**9, 6 * 10**9, 7 * 10**9], 1.0, id="the last 2 seconds alone"),
        pytest.param([0, 10 * 10**9, 20 * 10**9], 0.1, id="two at least"),
    ],
)
def test_rates(times, rate):
    meter = RateMeter()
    for time in times:
        meter.tick(time)
    assert meter.rate_hz == (None if rate is None else pytest.approx(rate))


@pytest.mark.parametrize(
    ("summary", "text"),
    [
        (LiveSummary(0, 0, 0, None, None), "0 frames classified"),
        (LiveSummary(1, 0, 0, None, None), "1 frame classified"),
        (
            LiveSummary(1200, 3, 45, 24.94, 18.31),
            "1,200 frames classified, 45 skipped for newer ones, 3 not readable, 24.9 frames/s, "
            "frames 18.3 ms old at their labels",
        ),
    ],
    ids=["nothing", "one", "all"],
)
def test_the_summary_in_words(summary, text):
    assert str(summary) == text
