from __future__ import annotations

import pytest

from cnnkit.sources.moving.freshness import Freshness
from cnnkit.sources.moving.pacing import Pace


def ages_ms(pictures):
    """How late each picture is said to be; None where that cannot be told.

    Args:
        pictures: The source's time and ours, in milliseconds.
    """
    freshness = Freshness()
    told = [(freshness.captured_ns(at / 1000, came * 1_000_000), came) for at, came in pictures]
    return [None if captured is None else round(came - captured / 1e6) for captured, came in told]


@pytest.mark.parametrize(
    ("pictures", "ages"),
    [
        pytest.param([(0, 500), (40, 540), (80, 580), (120, 620)], [None, 0, 0, 0], id="as they are taken"),
        pytest.param([(0, 500), (40, 540), (80, 610), (120, 620)], [None, 0, 30, 0], id="one is late"),
        pytest.param(
            [(0, 500), (40, 501), (80, 502), (120, 540), (160, 580)], [None, None, None, 0, 0], id="kept ones first"
        ),
        pytest.param(
            [(0, 500), (40, 540), (80, 10540), (120, 10541), (10040, 10542), (10080, 10580)],
            [None, 0, 9960, 9921, 2, 0],
            id="after a stall",
        ),
        pytest.param([(0, 500), (40, 540), (0, 600), (40, 640)], [None, 0, None, 0], id="its clock goes back"),
        pytest.param(
            [(0, 500), (40, 800), (80, 840), (120, 841), (160, 842), (200, 880)],
            [None, 0, 0, None, None, 0],
            id="they catch up",
        ),
    ],
)
def test_pictures_are_as_late_as_they_took_longer_than_the_quickest(pictures, ages):
    assert ages_ms(pictures) == ages


def test_a_clock_that_goes_slower_than_ours_is_no_delay_that_grows():
    told = ages_ms([(number * 40, number * 40.002) for number in range(90_000)])  # 50 ppm, for an hour
    assert max(age for age in told if age is not None) < 10


def test_segments_are_given_picture_by_picture():
    pace, now_ns, shown = Pace(), 0, []
    for number in range(20):
        if number == 10:
            now_ns += 700_000_000  # the next segment is late
        now_ns += round(pace.wait_s(5 + number / 10, now_ns) * 1e9)
        shown.append(round(now_ns / 1e6))
    assert shown == [number * 100 for number in range(10)] + [1600 + number * 100 for number in range(10)]


def test_a_stream_of_segments_whose_time_leaps_goes_on_at_once():
    pace = Pace()
    assert [pace.wait_s(at_s, 0) for at_s in (5.0, 5.5, 900.0, 900.5, 3.0)] == [0, 0.5, 0, 0.5, 0]
