"""Moving pictures as they are read: each with its own time where it has one, and whether it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.sources.moving.devices import (
        AS_IT_IS as AS_IT_IS,
        CameraSettings as CameraSettings,
        open_device as open_device,
        open_picamera as open_picamera,
    )
    from cnnkit.sources.moving.freshness import Freshness as Freshness
    from cnnkit.sources.moving.opening import (
        open_film as open_film,
        open_stream as open_stream,
    )
    from cnnkit.sources.moving.pacing import Pace as Pace
    from cnnkit.sources.moving.pipe import open_stdin as open_stdin
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
            "devices": ("AS_IT_IS", "CameraSettings", "open_device", "open_picamera"),
            "freshness": ("Freshness",),
            "opening": ("open_film", "open_stream"),
            "pacing": ("Pace",),
            "pipe": ("open_stdin",),
            "shots": ("USUAL_LIMITS", "Capture", "Opened", "Shot", "TimeLimits"),
        },
    )
