"""Every measurement, in the order of bench/FIGURES.md."""

from __future__ import annotations

from figures.accuracy import ACCURACY
from figures.actions import ACTIONS
from figures.arm import ARM
from figures.benching import BENCHING
from figures.cameras import CAMERAS
from figures.decoding import DECODING
from figures.figure import FigureError, Measurement
from figures.latency import LATENCY
from figures.own_photos import OWN_PHOTOS
from figures.processes import FOLDERS
from figures.runtimes import RUNTIMES
from figures.training import TRAINING

MEASUREMENTS: tuple[Measurement, ...] = (
    *ACCURACY, *RUNTIMES, *LATENCY, *BENCHING, *FOLDERS, *DECODING, *CAMERAS, *ACTIONS, *TRAINING, *OWN_PHOTOS, *ARM,
)  # fmt: skip


def chosen(names: list[str], *, on_request: bool = False) -> list[Measurement]:
    """Returns the measurements with these names.

    Args:
        names: Of measurements; without any all are meant.
        on_request: Whether those that take hours are among all.

    Raises:
        FigureError: There is none of a name.
    """
    known = [measurement.name for measurement in MEASUREMENTS]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise FigureError(f"no figure is called {', '.join(unknown)}; there are {', '.join(known)}")
    if names:
        return [each for each in MEASUREMENTS if each.name in names]
    return [each for each in MEASUREMENTS if on_request or not each.on_request]
