"""What the observations of each camera are handed to, opened: log, page, recording and window."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from cnnkit.live.actions import ActionOptions, open_actions
from cnnkit.live.filming import FilmSwitch
from cnnkit.live.outputs import Film, Outputs, Screen, Watcher
from cnnkit.live.rows import ChangeLog
from cnnkit.live.segments import SegmentOptions
from cnnkit.live.wall import screens_of
from cnnkit.report import OutputFile, ReportOptions, open_report
from cnnkit.sources import Video
from cnnkit.view import Window


@dataclass(frozen=True)
class PageOptions:
    """A live page."""

    port: int  # 0 takes a free one
    host: str = "127.0.0.1"
    token: str | None = field(default=None, repr=False)  # needed where other machines can look


@dataclass(frozen=True)
class OutputOptions:
    """Where observations go."""

    window: bool = True
    rows: bool = True  # to `output`, or to stdout
    page: PageOptions | None = None
    output: Path | None = None  # rows in this file; None for stdout
    append: bool = False  # to the rows of earlier runs
    overwrite: bool = False
    every_s: float | None = None  # seconds after which a row is written though nothing changed; 0 for all frames
    record: Path | None = None  # annotated video in this file
    segments: SegmentOptions | None = None  # the recording in pieces; None for one file
    actions: ActionOptions = field(default_factory=ActionOptions)  # on a change
    insecure: bool = False  # certificates are not checked


def open_outputs(options: OutputOptions, videos: Sequence[Video], stack: ExitStack) -> list[Outputs]:
    """Opens what the cameras share, and what each has for itself.

    Args:
        options: Checked already.
        videos: The cameras.
        stack: Closes it all.

    Raises:
        OutputError: A file or the page cannot be opened.
        MissingExtraError: The extra "page" is not installed.
        DisplayError: The window system refuses.
    """
    several, names = len(videos) > 1, [video.address.name for video in videos]
    watchers: list[list[Watcher]] = [[] for _ in videos]
    if options.rows:
        report = stack.enter_context(
            open_report(ReportOptions("jsonl", options.output, options.overwrite), _begun(options))
        )
        for number, (video, each) in enumerate(zip(videos, watchers, strict=True), 1):
            each.append(ChangeLog(report, video.address.name, options.every_s, camera=number if several else None))
    if options.page is not None:
        for page, each in zip(_open_pages(options.page, names, stack), watchers, strict=True):
            each.append(page)
    for acting, each in zip(
        stack.enter_context(open_actions(options.actions, names, insecure=options.insecure)), watchers, strict=True
    ):
        each.extend(acting)
    films = [_open_film(options, video, number if several else None, stack) for number, video in enumerate(videos, 1)]
    screens: Sequence[Screen | None] = [None] * len(videos)
    if options.window:
        title = f"cnnkit - {len(videos)} cameras" if several else f"cnnkit - {videos[0].address}"
        screens = screens_of(stack.enter_context(closing(Window(title))), len(videos))
    return [Outputs(*each) for each in zip(screens, films, watchers, strict=True)]


def _open_film(options: OutputOptions, video: Video, number: int | None, stack: ExitStack) -> Film | None:
    if options.record is None and not options.window:
        return None
    path = options.record if options.record is None or number is None else numbered(options.record, number)
    return stack.enter_context(closing(FilmSwitch(path, video.rate_hz, options.segments)))


def numbered(path: Path, number: int) -> Path:
    """Returns the file of one of several cameras: "out-2.mp4"."""
    return path.with_name(f"{path.stem}-{number}{path.suffix}")


def _begun(options: OutputOptions) -> OutputFile | None:
    """Opens the file to which rows are added."""
    if not options.append or options.output is None:
        return None
    file = OutputFile(options.output, "ab")
    file.cut_half_line()
    return file


def _open_pages(options: PageOptions, sources: Sequence[str], stack: ExitStack) -> list[Watcher]:
    from cnnkit.live.paging import PageWatcher
    from cnnkit.page import LivePage

    page = LivePage(options.port, host=options.host, token=options.token, cameras=len(sources))
    stack.enter_context(closing(page))
    where = " (to be opened with ?token= and its token)" if options.token is not None else ""
    return [PageWatcher(page, source, camera, where) for camera, source in enumerate(sources)]
