from __future__ import annotations

import numpy as np
import pytest

from cnnkit.sources.moving.plain import PlainCapture
from cnnkit.sources.moving.shots import sane_rate


class Device:
    def __init__(self, pixels):
        self.pixels, self.released = pixels, 0

    def read(self):
        return self.pixels is not None, self.pixels

    def get(self, name):
        return 1400.0

    def release(self):
        self.released += 1


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (4, 6, 3)])
def test_grey_cameras_give_three_channels(shape):
    read = PlainCapture(Device(np.full(shape, 9, np.uint8))).read()
    assert read.pixels.shape == (4, 6, 3) and (read.pixels == 9).all() and read.at_s is None


@pytest.mark.parametrize("pixels", [None, np.empty((0, 0, 3), np.uint8)], ids=["none", "empty"])
def test_a_failed_read_has_no_picture(pixels):
    assert PlainCapture(Device(pixels)).read().pixels is None


def test_a_film_says_the_time_of_each_picture():
    assert PlainCapture(Device(np.zeros((4, 6, 3), np.uint8)), timed=True).read().at_s == 1.4


@pytest.mark.parametrize(
    ("said", "believed"),
    [(25.0, 25.0), (0.0, None), (-1.0, None), (float("nan"), None), (float("inf"), None), (90000.0, None)],
)
def test_rates_that_nobody_can_mean_are_not_believed(said, believed):
    assert sane_rate(said) == believed
