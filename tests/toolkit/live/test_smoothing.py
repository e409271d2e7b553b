from __future__ import annotations

import math

import numpy as np
import pytest

from cnnkit.errors import SourceError, UsageError
from cnnkit.live.region import Box, Region, parse_region
from cnnkit.live.smoothing import MARGIN, LabelSmoother

A, B = np.array([0.9, 0.1], np.float32), np.array([0.1, 0.9], np.float32)


def test_without_smoothing_each_answer_is_shown_as_it_is():
    smoother = LabelSmoother(0)
    assert [smoother.update(answer, at)[1] for at, answer in enumerate([A, B, A])] == [0, 1, 0]
    assert smoother.update(B, 9)[0] is B


@pytest.mark.parametrize("rate_hz", [5, 30, 120])
def test_a_change_is_shown_to_63_percent_after_the_time_constant_whatever_the_frame_rate(rate_hz):
    smoother = LabelSmoother(2.0)
    smoother.update(A, 0.0)
    for number in range(1, 2 * rate_hz + 1):
        mean, _ = smoother.update(B, number / rate_hz)
    assert mean[1] == pytest.approx(0.1 + 0.8 * (1 - 1 / math.e), abs=1e-4)
    assert mean.sum() == pytest.approx(1, abs=1e-5) and mean.dtype == np.float32


def test_a_label_stays_until_another_is_clearly_ahead():
    smoother = LabelSmoother(1e-9)  # no delay: hysteresis alone
    smoother.update(A, 0)
    shown = []
    for at, second in enumerate([0.5, 0.5 + MARGIN / 2 - 0.01, 0.5 + MARGIN / 2 + 0.01, 0.48, 0.44], start=1):
        shown.append(smoother.update(np.array([1 - second, second], np.float32), at)[1])
    assert shown == [0, 0, 1, 1, 0]


def test_a_single_odd_frame_does_not_change_the_label():
    smoother = LabelSmoother(0.3)
    labels = [smoother.update(B if number == 20 else A, number / 30)[1] for number in range(40)]
    assert set(labels) == {0}


def test_after_a_lost_signal_nothing_is_remembered():
    smoother = LabelSmoother(10)
    smoother.update(A, 0)
    smoother.reset()
    assert smoother.update(B, 0.1)[1] == 1


@pytest.mark.parametrize(
    ("text", "size", "box"),
    [
        ("centre", (640, 480), Box(80, 0, 480, 480)),
        ("center", (48, 64), Box(0, 8, 48, 48)),
        ("10,20,300,200", (640, 480), Box(10, 20, 300, 200)),
        ("0.25,0,0.5,1", (640, 480), Box(160, 0, 320, 480)),
        ("0,0,1,1", (640, 480), Box(0, 0, 640, 480)),
        ("600,400,300,200", (640, 480), Box(600, 400, 40, 80)),
    ],
)
def test_regions(text, size, box):
    assert parse_region(text).box(*size) == box
    pixels = np.arange(size[0] * size[1] * 3).reshape(size[1], size[0], 3)
    assert box.cut(pixels).shape == (box.height, box.width, 3)
    assert box.cut(pixels)[0, 0, 0] == pixels[box.top, box.left, 0]


@pytest.mark.parametrize("text", ["", "middle", "1,2,3", "1,2,3,4,5", "-1,0,5,5", "0,0,0,5", "0,0,nan,5", "a,b,c,d"])
def test_what_is_no_region(text):
    with pytest.raises(UsageError, match="expected LEFT,TOP,WIDTH,HEIGHT"):
        parse_region(text)


def test_a_region_outside_the_frame():
    with pytest.raises(SourceError, match="--roi lies outside the picture of 320 x 240 pixels"):
        Region((320, 0, 10, 10)).box(320, 240)
