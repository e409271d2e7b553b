"""`cnnkit webcam`: opens everything that the loop needs, and closes it whatever ends the loop."""

from __future__ import annotations

import os
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnnkit.classifier import Classifier
from cnnkit.errors import DisplayError, UsageError
from cnnkit.foreign import Said
from cnnkit.live.actions import ActionOptions, check_actions, open_actions
from cnnkit.live.answering import AnswerOptions, FrameClassifier
from cnnkit.live.filming import FilmSwitch
from cnnkit.live.loop import LiveLoop, LoopOptions
from cnnkit.live.opening import unless_stopped
from cnnkit.live.outputs import Outputs, Watcher
from cnnkit.live.recording import check_recording
from cnnkit.live.rows import ChangeLog
from cnnkit.live.segments import SegmentOptions
from cnnkit.live.stopping import stop_on_signals
from cnnkit.live.summary import NOTHING_SEEN, LiveSummary
from cnnkit.live.watchdog import Watchdog
from cnnkit.measuring import Clock
from cnnkit.report import STDOUT, OutputFile, ReportOptions, open_report
from cnnkit.runtime import load_model, warn_of_provider
from cnnkit.sources import AS_USUAL, Address, OpeningOptions, Video, open_video, parse_address
from cnnkit.system import TypedAddress, check_new_file, log, repeats_counted
from cnnkit.view import Window, check_display

if TYPE_CHECKING:
    from cnnkit.live.paging import PageWatcher


@dataclass(frozen=True)
class PageOptions:
    """A live page."""

    port: int  # 0 takes a free one
    host: str = "127.0.0.1"
    token: str | None = field(default=None, repr=False)  # needed where other machines can look


@dataclass(frozen=True)
class WebcamOptions:
    """What `cnnkit webcam` is asked to do."""

    source: TypedAddress = field(
        default_factory=lambda: TypedAddress("0")
    )  # a camera's index or device, a video file, or an address
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


def run_webcam(options: WebcamOptions, *, clock: Clock = time.perf_counter_ns) -> LiveSummary:
    """Classifies a source until it ends, the person quits, Ctrl-C or SIGTERM comes, or a limit is reached.

    Without a display it does as if it were asked to be headless, and says so.

    Args:
        options: See there.
        clock: Nanoseconds.

    Raises:
        UsageError: Options contradict each other.
        SourceError: The source cannot be opened, or a camera is gone for good.
        OutputError: A file cannot be written, or exists already.
        ModelError: The model cannot be loaded or run.
    """
    with stop_on_signals() as stop, repeats_counted():
        address = parse_address(options.source, insecure=options.insecure)
        _check_files(options, address)
        check_actions(options.actions)
        options = _without_display(options)
        # Threads that spin while they wait for the next frame would take the processors from everything else.
        model = load_model(
            options.model, threads=options.threads, provider=options.provider, spinning=False, said=options.said
        )
        warn_of_provider(model.classifier)
        video = unless_stopped(lambda: open_video(address, options.opening), stop)
        return NOTHING_SEEN if video is None else _watch(options, video, model.classifier, stop, clock)


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
    options: WebcamOptions, video: Video, classifier: Classifier, stop: threading.Event, clock: Clock
) -> LiveSummary:
    if options.every_frame and video.is_live:
        raise UsageError(f"--fast is for video files, {video.address} is live: leave --fast out")
    name = str(video.address)
    with ExitStack() as stack:
        outputs = _open_outputs(options, video, stack)
        frames = video.frames(every=options.every_frame, clock=clock, retries=options.retries)
        source = stack.enter_context(closing(frames))
        beat = None
        if options.watchdog_s is not None:
            beat = stack.enter_context(closing(Watchdog(options.watchdog_s))).beat
        answering = FrameClassifier(classifier, replace(options.answer, name=name))
        loop_options = replace(options.loop, live=video.is_live, stall_s=video.limits.stall_s)
        return LiveLoop(source, answering, clock, stop, outputs, loop_options, beat).run()


def _open_outputs(options: WebcamOptions, video: Video, stack: ExitStack) -> Outputs:
    window = film = None
    watchers: list[Watcher] = []
    if options.headless or options.output is not None:
        report = open_report(ReportOptions("jsonl", options.output, options.overwrite), _begun(options))
        watchers.append(ChangeLog(stack.enter_context(report), video.address.name, options.every_s))
    if options.page is not None:
        watchers.append(stack.enter_context(closing(_open_page(options.page, video.address.name))))
    source = video.address.name
    watchers += stack.enter_context(open_actions(options.actions, source, insecure=options.insecure))
    if options.record is not None or not options.headless:
        film = stack.enter_context(closing(FilmSwitch(options.record, video.rate_hz, options.segments)))
    if not options.headless:
        window = stack.enter_context(closing(Window(f"cnnkit - {video.address}")))
    return Outputs(window, film, watchers)


def _begun(options: WebcamOptions) -> OutputFile | None:
    """Opens the file to which rows are added."""
    if not options.append or options.output is None:
        return None
    file = OutputFile(options.output, "ab")
    file.cut_half_line()
    return file


def _open_page(options: PageOptions, source: str) -> PageWatcher:
    from cnnkit.live.paging import PageWatcher
    from cnnkit.page import LivePage

    page = LivePage(options.port, host=options.host, token=options.token)
    return PageWatcher(page, source, with_token=options.token is not None)


def _check_files(options: WebcamOptions, address: Address) -> None:
    """Refuses files that cannot be meant before a camera or a window is opened."""
    if options.append and (options.output in (None, STDOUT) or options.overwrite):
        raise UsageError("--append adds to the rows of earlier runs: add --output FILE, and leave --overwrite out")
    if options.output is not None and options.output != STDOUT:
        check_new_file(options.output, overwrite=options.overwrite or options.append)
    if options.record is None:
        return
    check_recording(options.record, overwrite=options.overwrite, pieces=options.segments is not None)
    if address.kind == "file" and os.path.realpath(str(address.target)) == os.path.realpath(options.record):
        raise UsageError(f"--record {options.record} is the source itself: name another file")
    if options.output is not None and os.path.realpath(options.output) == os.path.realpath(options.record):
        raise UsageError(f"--record and --output both name {options.record}: name two files")
