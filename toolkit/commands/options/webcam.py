"""The options of `cnnkit webcam`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnkit.commands.options.actions import take_actions
from cnnkit.commands.options.input import take_said
from cnnkit.commands.options.shared import (
    add,
    insecure_option,
    min_confidence_option,
    overwrite_option,
    taken,
    top_k_option,
)
from cnnkit.commands.options.values import Range, Seconds, Source, data_size, fourcc, frame_size
from cnnkit.errors import UsageError
from cnnkit.system import TypedAddress

if TYPE_CHECKING:
    from cnnkit.live import SegmentOptions, WebcamOptions
    from cnnkit.sources import TimeLimits

_PATH = click.Path(path_type=Path)
_SOURCE = (
    click.option(
        "--source", "-s", type=Source(), multiple=True, metavar="TEXT",
        envvar="CNNKIT_SOURCE", show_envvar=True,
        help="A camera's index or device, a video file, an http or rtsp address, - for stdin, or picamera; repeatable  "
        "[default: 0].",
    ),
    click.option("--source-file", type=_PATH, help="A file with a source a line, for passwords."),
    insecure_option,
    click.option("--list", "list_cameras", is_flag=True, help="List the cameras and stop."),
    click.option("--fast", "every_frame", is_flag=True, help="Every frame of a video file, as fast as the model goes."),
    click.option(
        "--retries", type=click.IntRange(0),
        help="How often a camera that gives no picture is opened again before it is given up  [default: for ever].",
    ),
    click.option(
        "--timeout", "timeout_s", type=Seconds(0, min_open=True),
        help="How long a camera may take to answer, and to send the next picture, before it is opened again  "
        "[default: 10s, 3s].",
    ),
    click.option(
        "--camera-format", metavar="FORMAT", type=fourcc, help="The format that a USB camera is asked for: mjpg, yuyv."
    ),
    click.option(
        "--camera-size", metavar="WIDTHxHEIGHT", type=frame_size, help="Pixels that it is asked for: 1280x720."
    ),
    click.option(
        "--camera-fps", metavar="RATE", type=Range(0, min_open=True), help="Pictures a second that it is asked for: 30."
    ),
    click.option(
        "--stall", "stall_s", type=Seconds(0, min_open=True),
        help="Without a picture for so long the signal is lost, and nothing older is live  [default: 1s, or thrice the "
        "time between two pictures of a slower camera].",
    ),
)  # fmt: skip
_VIEW = (
    top_k_option,
    min_confidence_option,
    click.option(
        "--smooth", "smooth_s", type=Seconds(0), default=0.3, show_default=True,
        help="How slowly label and bars follow the model's answers; 0 shows each answer as it is.",
    ),
    click.option(
        "--roi", metavar="LEFT,TOP,WIDTH,HEIGHT",
        help="Classify this part of the picture, in pixels or fractions, or the 'centre' square  [default: all of it].",
    ),
    click.option(
        "--frozen", "frozen_s", type=Seconds(0), default=5.0, show_default=True,
        help="The same picture for so long is no signal; 0 where a picture may stand still.",
    ),
    click.option("--headless", is_flag=True, help="No window: a JSON line for each change on stdout."),
    click.option(
        "--page", metavar="PORT", type=click.IntRange(0, 65535),
        help="A live page for a browser at this port, instead of the window; 0 takes a free one.",
    ),
    click.option("--host", help="What --page listens on  [default: 127.0.0.1, this machine alone]."),
    click.option(
        "--token", envvar="CNNKIT_TOKEN", show_envvar=True, help="What a browser must know to open --page with --host."
    ),
)  # fmt: skip
_OUTPUT = (
    click.option("--output", "-o", type=_PATH, help="JSON lines in a file."),
    click.option(
        "--every", "every_s", type=Seconds(0),
        help="A JSON line at least so often, 0 for each frame, and a snapshot from its address  [default: changes].",
    ),
    click.option("--append", is_flag=True, help="Add to the output if it exists, as a service that starts again does."),
    click.option("--record", type=_PATH, help="Annotated video in a file such as out.mp4."),
    click.option(
        "--segment", "segment_s", type=Seconds(0, min_open=True),
        help="The recording in files of so long, such as 10m, named by their time.",
    ),
    click.option(
        "--keep", "keep_bytes", metavar="SIZE", type=data_size,
        help="What the files of --segment may take, such as 20GB; the oldest make room.",
    ),
    overwrite_option,
)  # fmt: skip
_LIMIT = (
    click.option("--max-frames", type=click.IntRange(1), help="Stop after so many frames."),
    click.option(
        "--max-seconds", "max_s", type=Seconds(0, min_open=True), help="Stop after so long."
    ),
    click.option(
        "--watchdog", "watchdog_s", type=Seconds(1),
        help="End the process when it hangs for so long, for systemd to start it again.",
    ),
    click.option("--systemd", is_flag=True, help="Print the unit of a service that does this, and stop."),
)  # fmt: skip


def webcam_source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say what is looked at."""
    return add(_SOURCE, command)


def view_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say what is shown."""
    return add(_VIEW, command)


def webcam_output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say what is written."""
    return add(_OUTPUT, command)


def limit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say when to stop."""
    return add(_LIMIT, command)


def webcam_options(
    *, source: tuple[TypedAddress, ...], source_file: Path | None, roi: str | None, page: int | None, host: str | None,
    **options: Any,
) -> WebcamOptions:  # fmt: skip
    """Makes of the command's options what the library takes.

    Raises:
        UsageError: --host is given without --page, or two sources are.
        SourceError: The file with the source cannot be read.
    """
    from cnnkit.live import AnswerOptions, LoopOptions, PageOptions, WebcamOptions, parse_region
    from cnnkit.sources import CameraSettings, OpeningOptions

    said, token, actions = take_said(options), options.pop("token"), take_actions(options)
    if page is None and host is not None:
        raise UsageError("--host says what --page listens on: add --page PORT")
    served = None if page is None else PageOptions(page, host or "127.0.0.1", token)
    region = None if roi is None else parse_region(roi)
    answer = taken(options, "top_k", "min_confidence", "smooth_s")
    loop = taken(options, "max_frames", "max_s", "frozen_s")
    segments = _segments(options.pop("segment_s"), options.pop("keep_bytes"), options["record"])
    limits = _limits(options.pop("timeout_s"), options.pop("stall_s"))
    camera = CameraSettings(*(options.pop(f"camera_{name}") for name in ("format", "size", "fps")))
    opening = OpeningOptions(limits, options["every_s"], camera)
    return WebcamOptions(
        _sources(source, source_file), **options, said=said, page=served, opening=opening, segments=segments,
        actions=actions,
        answer=AnswerOptions(**answer, region=region), loop=LoopOptions(**loop),
    )  # fmt: skip


def _sources(sources: tuple[TypedAddress, ...], file: Path | None) -> tuple[TypedAddress, ...]:
    if file is None:
        return sources or (TypedAddress("0"),)
    if sources:
        raise UsageError("--source-file names the source, and --source or CNNKIT_SOURCE does: leave one of them out")
    from cnnkit.sources import read_source_file

    return read_source_file(file)


def _segments(length_s: float | None, keep_bytes: int | None, record: Path | None) -> SegmentOptions | None:
    from cnnkit.live import SegmentOptions

    if length_s is None and keep_bytes is None:
        return None
    if record is None or length_s is None:
        raise UsageError(
            "--segment divides a recording, and --keep limits its files: add --record FILE and --segment TIME"
        )
    return SegmentOptions(length_s, keep_bytes)


def _limits(timeout_s: float | None, stall_s: float | None) -> TimeLimits:
    """A stream that is given up before the signal is lost would never be seen to be slow."""
    from cnnkit.sources import USUAL_LIMITS, TimeLimits

    lost_s = stall_s or USUAL_LIMITS.stall_s
    read_s = max(timeout_s or USUAL_LIMITS.read_s, 2 * lost_s)
    return TimeLimits(timeout_s or USUAL_LIMITS.open_s, read_s, lost_s, adapts=timeout_s is None and stall_s is None)
