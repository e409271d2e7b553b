from __future__ import annotations

import logging

import pytest
from live_fakes import FakeClock, picture

from cnnkit.sources.ages import Ages
from cnnkit.sources.moving import USUAL_LIMITS, Opened, Shot, TimeLimits
from cnnkit.sources.patience import Patience


class Stream:
    """A connection whose pictures come after so many seconds of waiting."""

    def __init__(self, limits=USUAL_LIMITS, **traits):
        self.clock = FakeClock()
        opened, patience = Opened(None, **traits), Patience(limits, "the camera")
        patience.connect(opened)
        self.ages = Ages(opened, patience, self.clock, self.clock.advance, "the camera")

    def given(self, *waits):
        """Which pictures are given; a wait alone, or with the source's own time."""
        said = ""
        for wait in waits:
            wait_s, at_s = wait if isinstance(wait, tuple) else (wait, None)
            asked_ns = self.clock()
            self.clock.advance(wait_s)
            said += "-" if self.ages.frame(Shot(picture(1), at_s), asked_ns) is None else "+"
        return said


@pytest.mark.parametrize(
    ("waits", "given", "given_up"),
    [
        pytest.param([0.04, 0.04, 0.04], "+++", False, id="in time"),
        pytest.param([0.04, 1.5, 0.001, 0.001, 0.04], "+---+", False, id="what gathered in a pause"),
        pytest.param([0.04, 2.9], "+-", True, id="about the time limit"),
        pytest.param([0.04, 0.001, 0.9], "+++", False, id="an uneven camera"),
    ],
)
def test_pictures_without_a_time_of_their_own(waits, given, given_up):
    stream = Stream()
    assert stream.given(*waits) == given
    assert stream.ages.given_up is given_up


def test_pictures_from_before_a_stall_are_not_given():
    stream = Stream(timed=True)
    assert stream.given((0.04, 0.0), (0.04, 0.04), (10, 0.08), (0.001, 0.12), (0.001, 10.04), (0.04, 10.08)) == "-+--++"


def test_a_stream_that_stays_behind_is_given_up():
    stream = Stream(timed=True)
    assert stream.given((0.04, 0.0), (0.04, 0.04), (5, 0.08)) == "-+-" and not stream.ages.given_up
    assert stream.given(*((0.04, 0.12 + number * 0.04) for number in range(160))) == "-" * 160
    assert stream.ages.given_up


def test_a_slow_camera_is_live_when_its_pace_is_known():
    assert Stream().given(*[1.9] * 6) == "---+++"
    assert Stream(timed=True).given(*((1.9, 1.9 * number) for number in range(6))) == "-+++++"


def test_where_limits_are_fixed_a_slow_camera_is_told_what_would_help_and_is_live_with_it(caplog):
    with caplog.at_level(logging.WARNING, "cnnkit"):
        assert Stream(TimeLimits(adapts=False)).given(*[1.9] * 6) == "------"
    assert caplog.messages == ["the camera gives a picture each 1.9 seconds, which is no live signal: add --stall 5"]
    assert Stream(TimeLimits(stall_s=5, read_s=10, adapts=False)).given(*[1.9] * 6) == "++++++"


def test_segments_are_given_when_they_are_due():
    stream = Stream(segmented=True)
    assert stream.given((0, 10.0), (0, 10.5), (0, 11.0), (4, 15.0)) == "++++"
    assert stream.clock.now_ns / 1e9 == 5.0
