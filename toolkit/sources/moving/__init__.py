"""Moving pictures as they are read: each with its own time where it has one, and whether it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.sources.moving.freshness import Freshness as Freshness
    from cnnkit.sources.moving.opening import (
        open_device as open_device,
        open_film as open_film,
        open_stream as open_stream,
    )
    from cnnkit.sources.moving.pacing import Pace as Pace
    from cnnkit.sources.moving.shots import (
        USUAL_LIMITS as USUAL_LIMITS,
        Capture as Capture,
        Opened as Opened,
        Shot as Shot,
        TimeLimits as TimeLimits,
    )
else:
    __getattr__ = hand_on(
        __name__,
        {
            "freshness": ("Freshness",),
            "opening": ("open_device", "open_film", "open_stream"),
            "pacing": ("Pace",),
            "shots": ("USUAL_LIMITS", "Capture", "Opened", "Shot", "TimeLimits"),
        },
    )
