"""Live classification: the newest frame of a source, classified, shown, recorded and logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.live.actions import ActionOptions as ActionOptions
    from cnnkit.live.answering import AnswerOptions as AnswerOptions
    from cnnkit.live.camera_list import print_cameras as print_cameras
    from cnnkit.live.loop import LoopOptions as LoopOptions
    from cnnkit.live.output_opening import PageOptions as PageOptions
    from cnnkit.live.region import parse_region as parse_region
    from cnnkit.live.segments import SegmentOptions as SegmentOptions
    from cnnkit.live.service import Service as Service, is_camera as is_camera, print_service as print_service
    from cnnkit.live.stopping import stop_on_signals as stop_on_signals
    from cnnkit.live.webcam import WebcamOptions as WebcamOptions, run_webcam as run_webcam
else:
    __getattr__ = hand_on(
        __name__,
        {
            "actions": ("ActionOptions",),
            "answering": ("AnswerOptions",),
            "camera_list": ("print_cameras",),
            "loop": ("LoopOptions",),
            "region": ("parse_region",),
            "segments": ("SegmentOptions",),
            "service": ("Service", "is_camera", "print_service"),
            "output_opening": ("PageOptions",),
            "stopping": ("stop_on_signals",),
            "webcam": ("WebcamOptions", "run_webcam"),
        },
    )
