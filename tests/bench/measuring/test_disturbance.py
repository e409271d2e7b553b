from __future__ import annotations

import numpy as np
import pytest

from cnnkit.bench.measuring.disturbance import disturbances, drift, spread
from cnnkit.bench.measuring.machine_load import MachineLoad
from cnnkit.bench.measuring.measure import Timed
from cnnkit.bench.subjects.subject import Loaded


def timed(times):
    return {"net": Timed(Loaded("float32", "fake", 1), tuple(times), (1.0,), None)}


STEADY = [1.0, 1.01, 0.99] * 100


def test_a_quiet_machine_is_not_doubted():
    assert disturbances(timed(STEADY), MachineLoad(0.1, 0.05, 0.01)) == []
    assert disturbances(timed(STEADY), MachineLoad()) == []


@pytest.mark.parametrize(("factor", "expected"), [(1.0, 0.0), (1.2, 0.2), (0.8, -0.2)])
def test_drift_is_that_of_the_medians_of_the_thirds(factor, expected):
    times = [1.0] * 100 + [1.1] * 100 + [factor] * 100
    assert drift(times) == pytest.approx(expected)
    assert drift([*times[:299], 50.0]) == pytest.approx(expected), "one slow run is no drift"


def test_spread_is_that_of_the_quartiles():
    uniform = np.linspace(0.8, 1.2, 4001)
    assert spread(uniform) == pytest.approx(0.2)
    normal = np.random.default_rng(0).normal(1, 0.1, 100_000)
    assert spread(normal) == pytest.approx(2 * 0.6745 * 0.1, rel=0.02)


@pytest.mark.parametrize(
    ("times", "load", "said"),
    [
        pytest.param(
            STEADY,
            MachineLoad(before=0.5),
            "0.5 processes for each processor wanted to run in the minute before",
            id="load",
        ),
        pytest.param(
            STEADY, MachineLoad(others=0.254), "other programs took 25 % of the processors meanwhile", id="others"
        ),
        pytest.param(
            STEADY,
            MachineLoad(stolen=0.1),
            "the host of this virtual machine took 10 % of the processor time",
            id="host",
        ),
        pytest.param(
            np.linspace(1, 1.12, 300),
            MachineLoad(),
            "from the first third of the runs to the last, net 8 % slower",
            id="heat",
        ),
        pytest.param(
            np.linspace(1.12, 1, 300),
            MachineLoad(),
            "from the first third of the runs to the last, net 7 % faster",
            id="clock",
        ),
        pytest.param(
            [1.0, 1.2] * 150,
            MachineLoad(),
            "the middle half of the runs is wide, in parts of the median: net 18 %",
            id="spread",
        ),
    ],
)
def test_what_disturbs_is_said(times, load, said):
    assert disturbances(timed(times), load) == [said]


def test_few_runs_say_nothing():
    assert disturbances(timed([1.0, 2.0, 3.0] * 9), MachineLoad()) == []
