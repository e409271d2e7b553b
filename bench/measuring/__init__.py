"""Measuring contenders: in processes of their own, in turns, with what else the machine did meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.bench.measuring.accuracy import (
        classify_all as classify_all,
        image_bytes as image_bytes,
        list_data as list_data,
    )
    from cnnkit.bench.measuring.cold_start import ColdStart as ColdStart
    from cnnkit.bench.measuring.disturbance import disturbances as disturbances
    from cnnkit.bench.measuring.machine_load import MachineLoad as MachineLoad, load_before as load_before
    from cnnkit.bench.measuring.measure import Measuring as Measuring, Timed as Timed, rounds_of as rounds_of
    from cnnkit.bench.measuring.processes import worker_processes as worker_processes
    from cnnkit.bench.measuring.profile import Profile as Profile, read_profile as read_profile
    from cnnkit.bench.measuring.runner import TOP as TOP
    from cnnkit.bench.measuring.stages import STAGES as STAGES, read_photo as read_photo
    from cnnkit.bench.measuring.sweep import SweepPoint as SweepPoint, advice as advice
else:
    __getattr__ = hand_on(
        __name__,
        {
            "accuracy": ("classify_all", "image_bytes", "list_data"),
            "cold_start": ("ColdStart",),
            "disturbance": ("disturbances",),
            "machine_load": ("MachineLoad", "load_before"),
            "measure": ("Measuring", "Timed", "rounds_of"),
            "processes": ("worker_processes",),
            "profile": ("Profile", "read_profile"),
            "runner": ("TOP",),
            "stages": ("STAGES", "read_photo"),
            "sweep": ("SweepPoint", "advice"),
        },
    )
