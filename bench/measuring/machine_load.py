"""What else kept the processors busy before and during a measurement: other programs, a virtual machine's host."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

_STAT = Path("/proc/stat")  # proc_stat(5)
_LEAST_S = 0.5  # of processor time, below which its ticks of 10 ms say little


@dataclass(frozen=True)
class MachineLoad:
    """How busy the machine was; None where the system does not say."""

    before: float | None = None  # processes that wanted a processor in the minute before, for each there is
    others: float | None = None  # processors that other programs kept busy while it was measured, for each there is
    stolen: float | None = None  # fraction of the processor time of all programs that a virtual machine's host took


@dataclass(frozen=True)
class ProcessorTimes:
    """Seconds since the machine started, all processors together."""

    clock: float  # of the wall, from any starting point
    busy: float
    stolen: float  # wanted by a program here, and taken by the host of a virtual machine


def load_before() -> float | None:
    """Returns how many processes wanted a processor in the last minute, for each that there is; None where unknown."""
    if not hasattr(os, "getloadavg"):
        return None
    return os.getloadavg()[0] / _processors()


def processor_times(stat: Path = _STAT) -> ProcessorTimes | None:
    """Reads how long the processors have worked; None where there is no /proc/stat.

    Args:
        stat: The file.
    """
    try:
        ticks = map(int, stat.read_text(encoding="ascii").split("\n", 1)[0].split()[1:9])
        user, nice, system, _idle, _waiting, interrupts, soft, stolen = ticks
    except (OSError, ValueError):
        return None
    hertz = os.sysconf("SC_CLK_TCK")
    return ProcessorTimes(monotonic(), (user + nice + system + interrupts + soft) / hertz, stolen / hertz)


def load_during(
    start: ProcessorTimes | None, end: ProcessorTimes | None, own_s: float, before: float | None, processors: int = 0
) -> MachineLoad:
    """Returns the load of the machine without the measurement's own.

    Args:
        start: When it began.
        end: When it ended.
        own_s: Processor time of the measurement's own processes between the two.
        before: What `load_before` said.
        processors: Of the machine; 0 asks the system.
    """
    if start is None or end is None:
        return MachineLoad(before)
    busy, stolen, wall = end.busy - start.busy, end.stolen - start.stolen, end.clock - start.clock
    if busy < _LEAST_S or wall <= 0:  # too short, or a /proc/stat that does not count
        return MachineLoad(before)
    others = max(0.0, busy - own_s) / wall / (processors or _processors())
    return MachineLoad(before, others, stolen / (busy + stolen))


def _processors() -> int:
    return os.cpu_count() or 1
