from __future__ import annotations

import logging

import pytest

from cnnkit.sources.moving import USUAL_LIMITS, Opened, TimeLimits
from cnnkit.sources.patience import Patience


def watched(*steps_s, limits=USUAL_LIMITS, period_s=0.0):
    """What a connection has been allowed after pictures that came so far apart."""
    patience, now_ns = Patience(limits, "the camera"), 0
    patience.connect(Opened(None, period_s=period_s))
    patience.note(now_ns)
    for step_s in steps_s:
        now_ns += round(step_s * 1e9)
        patience.note(now_ns)
    return patience


@pytest.mark.parametrize(
    ("steps_s", "stall_s", "read_s"),
    [
        pytest.param([], 1.0, 3.0, id="one picture"),
        pytest.param([0.04] * 20, 1.0, 3.0, id="usual"),
        pytest.param([2.0] * 2, 1.0, 3.0, id="not known yet"),
        pytest.param([2.0] * 3, 6.0, 12.0, id="slow"),
        pytest.param([2.0] * 20 + [0.04] * 5, 1.0, 3.0, id="quick again"),
        pytest.param([0.04] * 20 + [10.0, 0.001, 0.001] * 3, 1.0, 3.0, id="stalls with what gathered in them"),
        pytest.param([0.5, 2.0, 0.4, 2.2, 0.5], 1.5, 3.0, id="uneven"),
        pytest.param([61.0] * 5, 1.0, 3.0, id="no pace at all"),
    ],
)
def test_a_steady_pace_is_waited_for(steps_s, stall_s, read_s):
    limits = watched(*steps_s).limits
    assert (limits.stall_s, limits.read_s, limits.open_s) == (pytest.approx(stall_s), pytest.approx(read_s), 10.0)


def test_limits_that_were_asked_for_stand():
    asked = TimeLimits(stall_s=2.0, read_s=4.0, adapts=False)
    patience = watched(*[5.0] * 9, limits=asked)
    patience.disconnect()
    assert patience.limits == asked


def test_pictures_that_are_asked_for_may_be_twice_as_old():
    assert watched(period_s=10.0).limits.stall_s == 20.0
    assert watched(*[10.1] * 5, period_s=10.0).limits.stall_s == 20.0
    assert watched(*[5.0] * 5, period_s=1.0).limits.stall_s == 15.0


def test_connections_that_end_before_the_pace_is_known_are_given_more_time():
    patience, allowed_s = watched(), []
    for _ in range(6):
        patience.disconnect()
        allowed_s.append(patience.limits.read_s)
        patience.connect(Opened(None))
    assert allowed_s == [6.0, 12.0, 24.0, 30.0, 30.0, 30.0]
    for now_s in range(5):
        patience.note(round(now_s * 0.04e9))
    patience.disconnect()
    assert patience.limits == USUAL_LIMITS, "a quick one ended"


def test_a_slow_camera_is_said_once(caplog):
    with caplog.at_level(logging.INFO, "cnnkit"):
        watched(*[0.4] * 9)
        watched(*[2.5] * 9)
    assert caplog.messages == [
        "the camera gives a picture each 2.5 seconds: without one for 7.5 its signal is lost (or for --stall)"
    ]
