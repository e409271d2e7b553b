"""`cnnkit webcam`: opens everything that the loop needs, and closes it whatever ends the loop."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from cnnkit.classifier import Classifier
from cnnkit.errors import DisplayError, UsageError
from cnnkit.foreign import Said
from cnnkit.live.actions import ActionOptions, check_actions
from cnnkit.live.answering import AnswerOptions, FrameClassifier
from cnnkit.live.channel import Channel, ChannelOptions
from cnnkit.live.loop import LiveLoop, LoopOptions
from cnnkit.live.opening import unless_stopped
from cnnkit.live.output_opening import OutputOptions, PageOptions, numbered, open_outputs
from cnnkit.live.recording import check_recording
from cnnkit.live.segments import SegmentOptions
from cnnkit.live.stopping import stop_on_signals
from cnnkit.live.summary import NOTHING_SEEN, LiveSummary
from cnnkit.live.videos import check_addresses, open_videos, parse_addresses
from cnnkit.live.watchdog import Watchdog
from cnnkit.measuring import Clock
from cnnkit.report import STDOUT
from cnnkit.runtime import load_model, warn_of_provider
from cnnkit.sources import AS_USUAL, Address, OpeningOptions, Video
from cnnkit.system import TypedAddress, check_new_file, log, repeats_counted
from cnnkit.view import check_display


@dataclass(frozen=True)
class WebcamOptions:
    """What `cnnkit webcam` is asked to do."""

    sources: tuple[TypedAddress, ...] = (TypedAddress("0"),)  # cameras, video files, addresses
    model: Path | None = None  # None takes the bundled one
    threads: int | None = None
    provider: str = "cpu"
    said: Said | None = None  # of a model that carries no spec; None needs one that does
    headless: bool = False  # rows on stdout instead of a window
    page: PageOptions | None = None  # a page instead of a window
    output: Path | None = None  # rows in this file
    every_s: float | None = None  # seconds after which a row is written though nothing changed; 0 for all frames
    record: Path | None = None  # annotated video in this file
    insecure: bool = False  # certificates are not checked
    segments: SegmentOptions | None = None  # the recording in pieces; None for one file
    overwrite: bool = False  # of both files
    append: bool = False  # to the rows of earlier runs
    every_frame: bool = False  # of a video file, without pacing
    opening: OpeningOptions = AS_USUAL  # how a source is opened
    retries: int | None = None  # how often in a row a live source may fail to open again; None for ever
    watchdog_s: float | None = None  # seconds of a loop that hangs after which the process ends; None for never
    actions: ActionOptions = field(default_factory=ActionOptions)  # on a change
    answer: AnswerOptions = field(default_factory=AnswerOptions)
    loop: LoopOptions = field(default_factory=LoopOptions)


def run_webcam(
    options: WebcamOptions, *, clock: Clock = time.perf_counter_ns, stop: threading.Event | None = None
) -> LiveSummary:
    """Classifies a source until it ends, the person quits, Ctrl-C or SIGTERM comes, or a limit is reached.

    Without a display it does as if it were asked to be headless, and says so.

    Args:
        options: See there.
        clock: Nanoseconds.
        stop: Ends it when it is set; None for one that signals set.

    Raises:
        UsageError: Options contradict each other.
        SourceError: The source cannot be opened, or a camera is gone for good.
        OutputError: A file cannot be written, or exists already.
        ModelError: The model cannot be loaded or run.
    """
    with nullcontext(stop) if stop is not None else stop_on_signals() as stop, repeats_counted():
        addresses = parse_addresses(options.sources, insecure=options.insecure)
        _check_files(options, addresses)
        check_actions(options.actions)
        options = _without_display(options)
        opened = unless_stopped(lambda: (_load(options), open_videos(addresses, options.opening)), stop)
        return NOTHING_SEEN if opened is None else _watch(options, opened[1], opened[0], stop, clock)


def _load(options: WebcamOptions) -> Classifier:
    # Threads that spin while they wait for the next frame would take the processors from everything else.
    model = load_model(
        options.model, threads=options.threads, provider=options.provider, spinning=False, said=options.said
    )
    warn_of_provider(model.classifier)
    return model.classifier


def _without_display(options: WebcamOptions) -> WebcamOptions:
    """Returns the options as they can be followed here: a page takes the window's place, too."""
    if options.page is not None:
        return replace(options, headless=True)
    if not options.headless:
        try:
            check_display()
        except DisplayError as error:
            log.warning("%s; going on as with --headless", error)
            return replace(options, headless=True)
    return options


def _watch(
    options: WebcamOptions, videos: Sequence[Video], classifier: Classifier, stop: threading.Event, clock: Clock
) -> LiveSummary:
    live = next((video for video in videos if video.is_live), None)
    if options.every_frame and live is not None:
        raise UsageError(f"--fast is for video files, {live.address} is live: leave --fast out")
    bell = threading.Event()
    with ExitStack() as stack:
        outputs = open_outputs(_output_options(options), videos, stack)
        channels: list[Channel] = []
        for video, each in zip(videos, outputs, strict=True):
            frames = video.frames(every=options.every_frame, clock=clock, retries=options.retries, bell=bell)
            source = stack.enter_context(closing(frames))
            answering = FrameClassifier(classifier, replace(options.answer, name=str(video.address)))
            watching = ChannelOptions(video.is_live, video.options.limits.stall_s, options.loop.frozen_s)
            channels.append(Channel(source, answering, clock, each, watching))
        stack.callback(_stop, channels)  # all, before one is waited for
        beat = None
        if options.watchdog_s is not None:
            beat = stack.enter_context(closing(Watchdog(options.watchdog_s))).beat
        summary = LiveLoop(channels, classifier, clock, stop, options.loop, beat, bell).run()
    return replace(summary, failed=summary.failed + sum(video.lost for video in videos))


def _stop(channels: Sequence[Channel]) -> None:
    for channel in channels:
        channel.source.stop()


def _output_options(options: WebcamOptions) -> OutputOptions:
    return OutputOptions(
        window=not options.headless,
        rows=options.headless or options.output is not None,
        page=options.page,
        output=options.output,
        append=options.append,
        overwrite=options.overwrite,
        every_s=options.every_s,
        record=options.record,
        segments=options.segments,
        actions=options.actions,
        insecure=options.insecure,
    )


def _check_files(options: WebcamOptions, addresses: Sequence[Address]) -> None:
    """Refuses files and sources that cannot be meant before a camera or a window is opened."""
    check_addresses(addresses, options.opening)
    if options.append and (options.output in (None, STDOUT) or options.overwrite):
        raise UsageError("--append adds to the rows of earlier runs: add --output FILE, and leave --overwrite out")
    if options.output is not None and options.output != STDOUT:
        check_new_file(options.output, overwrite=options.overwrite or options.append)
    if options.record is None:
        return
    several, pieces = len(addresses) > 1, options.segments is not None
    for number in range(1, len(addresses) + 1):
        path = numbered(options.record, number) if several else options.record
        check_recording(path, overwrite=options.overwrite, pieces=pieces)
        if any(each.kind == "file" and _same(each.target, path) for each in addresses):
            raise UsageError(f"--record {path} is the source itself: name another file")
        if options.output is not None and _same(options.output, path):
            raise UsageError(f"--record and --output both name {path}: name two files")


def _same(first: object, second: object) -> bool:
    return os.path.realpath(str(first)) == os.path.realpath(str(second))
