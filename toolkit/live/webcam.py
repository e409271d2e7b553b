"""`cnnkit webcam`: opens everything that the loop needs, and closes it whatever ends the loop."""

from __future__ import annotations

import os
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from cnnkit.classifier import Classifier
from cnnkit.errors import UsageError
from cnnkit.files import check_new_file
from cnnkit.live.loop import LiveLoop, LoopOptions
from cnnkit.live.outputs import Outputs
from cnnkit.live.recording import Recorder, check_recording
from cnnkit.live.rows import FrameLog
from cnnkit.live.stopping import stop_on_signals
from cnnkit.live.summary import LiveSummary
from cnnkit.model import load_model
from cnnkit.report.predictions import STDOUT, ReportOptions, open_report
from cnnkit.sources.address import Address, parse_address
from cnnkit.sources.video import DEFAULT_RATE_HZ, Video, open_video
from cnnkit.timing import Clock
from cnnkit.view import Window, check_display


@dataclass(frozen=True)
class WebcamOptions:
    """What `cnnkit webcam` is asked to do."""

    source: str = "0"  # a camera's index or device, a video file, or an address
    model: Path | None = None  # None takes the bundled one
    threads: int | None = None
    provider: str = "cpu"
    top_k: int = 5
    headless: bool = False  # rows on stdout instead of a window
    output: Path | None = None  # rows in this file
    record: Path | None = None  # annotated video in this file
    overwrite: bool = False  # of both files
    max_frames: int | None = None
    every_frame: bool = False  # of a video file, without pacing


def run_webcam(options: WebcamOptions, *, clock: Clock = time.perf_counter_ns) -> LiveSummary:
    """Classifies a source until it ends, the person quits, Ctrl-C or SIGTERM comes, or `max_frames` were handled.

    Args:
        options: See there.
        clock: Nanoseconds.

    Raises:
        UsageError: Options contradict each other.
        SourceError: The source cannot be opened, or a camera is gone for good.
        DisplayError: No window can be opened.
        OutputError: A file cannot be written, or exists already.
        ModelError: The model cannot be loaded or run.
    """
    with stop_on_signals() as stop:
        address = parse_address(options.source)
        _check_files(options, address)
        if not options.headless:
            check_display()
        classifier = load_model(options.model, threads=options.threads, provider=options.provider).classifier
        return _watch(options, open_video(address), classifier, stop, clock)


def _watch(
    options: WebcamOptions, video: Video, classifier: Classifier, stop: threading.Event, clock: Clock
) -> LiveSummary:
    if options.every_frame and video.is_live:
        raise UsageError(f"--fast is for video files, {video.address} is live: leave --fast out")
    with ExitStack() as stack:
        outputs = _open_outputs(options, video, stack)
        source = stack.enter_context(closing(video.frames(every=options.every_frame, clock=clock)))
        loop_options = LoopOptions(str(video.address), options.top_k, options.max_frames, video.is_live)
        return LiveLoop(source, classifier, clock, stop, outputs, loop_options).run()


def _open_outputs(options: WebcamOptions, video: Video, stack: ExitStack) -> Outputs:
    log = film = window = None
    if options.headless or options.output is not None:
        report = open_report(ReportOptions("jsonl", options.output, options.overwrite))
        log = FrameLog(stack.enter_context(report), video.address.name)
    if options.record is not None:
        film = stack.enter_context(closing(Recorder(options.record, video.rate_hz or DEFAULT_RATE_HZ)))
    if not options.headless:
        window = stack.enter_context(closing(Window(f"cnnkit - {video.address}")))
    return Outputs(window, film, log)


def _check_files(options: WebcamOptions, address: Address) -> None:
    """Refuses files that cannot be meant before a camera or a window is opened."""
    if options.output is not None and options.output != STDOUT:
        check_new_file(options.output, overwrite=options.overwrite)
    if options.record is None:
        return
    check_recording(options.record, overwrite=options.overwrite)
    if address.kind == "file" and os.path.realpath(options.source) == os.path.realpath(options.record):
        raise UsageError(f"--record {options.record} is the source itself: name another file")
    if options.output is not None and os.path.realpath(options.output) == os.path.realpath(options.record):
        raise UsageError(f"--record and --output both name {options.record}: name two files")
