"""The frames of a video file as images, one after another."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

from cnnkit.errors import SourceError
from cnnkit.sources.address import parse_address
from cnnkit.sources.found import FoundImage
from cnnkit.sources.kinds import shown_source
from cnnkit.sources.video import open_video

_PROBLEMS = {"": "this frame cannot be read", "damaged": "this frame is damaged"}


def video_images(source: str, every_s: float | None, *, insecure: bool = False) -> Iterator[FoundImage]:
    """Gives the frames of a recorded video.

    Args:
        source: A path or an address.
        every_s: The first frame, and then the first one after each so many seconds; None for all.
        insecure: Take a server's certificate as it is.

    Yields:
        Frames, frames that cannot be read with their problem, and the video with the reason why it cannot be opened.
    """
    name, due = shown_source(source), 0.0
    try:
        video = open_video(parse_address(source, insecure=insecure))
        if video.is_live and video.opened is not None:
            video.opened.capture.release()
            raise SourceError("is a live stream, expected a recorded video: cnnkit webcam takes streams")
        with closing(video.recorded_frames(time.perf_counter_ns)) as frames:
            for frame in frames:
                if every_s is None or frame.seconds >= due:
                    due = frame.seconds if every_s is None else _next_due(due, frame.seconds, every_s)
                    problem = None if frame.pixels is not None else _PROBLEMS[frame.fault]
                    yield FoundImage(
                        name, problem, frame=frame.number, seconds=round(frame.seconds, 3), pixels=frame.pixels
                    )
    except SourceError as error:
        yield FoundImage(name, problem=str(error).removeprefix(f"{name} "))


def _next_due(due: float, seconds: float, every_s: float) -> float:
    return due + every_s * (1 + (seconds - due) // every_s)
