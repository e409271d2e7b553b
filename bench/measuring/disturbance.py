"""Whether the machine was quiet while it was measured: other load, drift from beginning to end, spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cnnkit.bench.measuring.machine_load import MachineLoad
from cnnkit.bench.measuring.measure import Timed

MOST_DRIFT = 0.05  # of the median, from the first third of the runs to the last
MOST_SPREAD = 0.10  # distance of the quartiles over the median
MOST_LOAD = 0.3  # processes that want a processor, for each one there is
MOST_OTHERS = 0.1  # processors that other programs keep busy, for each one there is
MOST_STOLEN = 0.05  # of the processor time, by the host of a virtual machine
FEWEST = 30  # runs, below which neither is told from chance


def drift(times: Sequence[float]) -> float:
    """Returns by how much the median of the last third of the runs lies above that of the first: 0.05 is 5 % slower.

    A machine that heats up gets slower, one whose clock is raised late gets faster.

    Args:
        times: In the order of running, at least 3.
    """
    third = len(times) // 3
    return float(np.median(times[-third:]) / np.median(times[:third]) - 1)


def spread(times: Sequence[float]) -> float:
    """Returns the distance of the quartiles over the median."""
    low, middle, high = np.percentile(times, [25, 50, 75])
    return float((high - low) / middle)


def disturbances(timed: Mapping[str, Timed], load: MachineLoad) -> list[str]:
    """Says what speaks against trusting the times: load, drift and spread; nothing on a quiet machine.

    Args:
        timed: What was measured, by contender.
        load: Of the machine, before and meanwhile.
    """
    found = _loads(load)
    long = {name: times.latency_ms for name, times in timed.items() if len(times.latency_ms) >= FEWEST}
    drifts = {name: drift(times) for name, times in long.items()}
    changed = [
        f"{name} {100 * abs(change):.0f} % {'slower' if change > 0 else 'faster'}"
        for name, change in drifts.items()
        if abs(change) > MOST_DRIFT
    ]
    if changed:
        found.append(f"from the first third of the runs to the last, {', '.join(changed)}")
    spreads = {name: spread(times) for name, times in long.items()}
    wide = [f"{name} {100 * width:.0f} %" for name, width in spreads.items() if width > MOST_SPREAD]
    if wide:
        found.append(f"the middle half of the runs is wide, in parts of the median: {', '.join(wide)}")
    return found


def _loads(load: MachineLoad) -> list[str]:
    found = []
    if load.before is not None and load.before > MOST_LOAD:
        found.append(f"{load.before:.1f} processes for each processor wanted to run in the minute before")
    if load.others is not None and load.others > MOST_OTHERS:
        found.append(f"other programs took {100 * load.others:.0f} % of the processors meanwhile")
    if load.stolen is not None and load.stolen > MOST_STOLEN:
        found.append(f"the host of this virtual machine took {100 * load.stolen:.0f} % of the processor time")
    return found
