"""The sources of a run, opened side by side: of several, one that fails takes none with it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from typing import cast

from cnnkit.errors import CnnkitError, SourceError, UsageError
from cnnkit.sources import AS_USUAL, Address, OpeningOptions, Video, open_video, parse_address
from cnnkit.system import TypedAddress, log

_LONGEST = 1.5  # times as long as a source may take to answer, after which the others do not wait for it
_COMES_AGAIN = ("camera", "stream", "picamera")


def open_videos(addresses: Sequence[Address], options: OpeningOptions) -> list[Video]:
    """Opens sources.

    Returns:
        A video each. Of several, a camera or stream that cannot be opened is one that is still to be opened, and what
        else cannot be opened is left out, with a message unless it has been said.

    Raises:
        CnnkitError: The only source, or every one, cannot be opened.
    """
    if len(addresses) == 1:
        return [open_video(addresses[0], options)]
    found = _open_side_by_side(addresses, options)
    if not any(map(_is_open, found)):
        raise next(each for each in found if isinstance(each, CnnkitError))
    return [
        cast("Video", each) if _is_open(each) else _to_come(address, each, options)
        for address, each in zip(addresses, found, strict=True)
    ]


def _open_side_by_side(addresses: Sequence[Address], options: OpeningOptions) -> list[Video | CnnkitError | None]:
    """Opens those without a problem; a camera that takes too long is left to its thread, which closes it again."""
    found: list[Video | CnnkitError | None] = [None] * len(addresses)
    settling = threading.Lock()  # held while it is decided whether one came in time

    def open_one(index: int) -> None:
        opened: Video | CnnkitError
        try:
            opened = open_video(addresses[index], options)
        except CnnkitError as error:
            opened = error
        with settling:
            in_time = found[index] is None
            found[index] = opened if in_time else found[index]
        if not in_time and isinstance(opened, Video) and opened.opened is not None:
            opened.opened.capture.release()

    threads = {
        index: threading.Thread(target=open_one, args=(index,), name="cnnkit-opening", daemon=True)
        for index, address in enumerate(addresses)
        if not address.problem
    }
    for thread in threads.values():
        thread.start()
    longest_s = _LONGEST * options.limits.open_s
    end_s = time.monotonic() + longest_s
    for index, thread in threads.items():
        may_wait = addresses[index].kind in _COMES_AGAIN
        thread.join(max(0.0, end_s - time.monotonic()) if may_wait else None)
        with settling:
            if found[index] is None:
                found[index] = SourceError(f"{addresses[index]} is not open after {longest_s:g} seconds")
    return found


def _is_open(found: object) -> bool:
    return isinstance(found, Video)


def _to_come(address: Address, error: object, options: OpeningOptions) -> Video:
    if not address.problem:
        log.error("%s", error)
    again = isinstance(error, SourceError) and address.kind in _COMES_AGAIN
    return Video(address, None, options, lost=not again)


def parse_addresses(sources: Sequence[TypedAddress], *, insecure: bool) -> list[Address]:
    """Tells what sources are; of several, a device that is not there is one that is still to come.

    Of several, one that is certainly no video, as where it is misspelt, is said at once and goes with its problem.

    Raises:
        SourceError: None of them can be a video.
    """
    addresses = [_parsed(source, insecure, several=len(sources) > 1) for source in sources]
    problems = [address.problem for address in addresses if address.problem]
    if len(problems) == len(addresses):
        raise SourceError(problems[0])
    for problem in problems:
        log.error("%s; the other sources go on", problem)
    return addresses


def _parsed(source: TypedAddress, insecure: bool, *, several: bool) -> Address:
    try:
        return parse_address(source, insecure=insecure)
    except SourceError as error:
        device = source.reveal()
        if not several:
            raise
        if device.startswith("/dev/") and not os.path.exists(device):
            return Address("camera", device, device)
        return Address("file", device, str(source), problem=str(error))


def check_addresses(addresses: Sequence[Address], options: OpeningOptions = AS_USUAL) -> None:
    """Refuses sources that cannot be read together, or that do not listen to what is asked of them.

    Raises:
        UsageError: The same device, or stdin, is named twice, or a camera's settings are given without a camera.
    """
    taken = [address.target for address in addresses if address.kind in ("camera", "pipe", "picamera")]
    twice = next((target for target in taken if taken.count(target) > 1), None)
    if twice is not None:
        raise UsageError(f"--source {twice} is named twice, and can be read once: leave one out")
    for option, value, kinds in (
        ("--camera-format", options.camera.pixels, ("camera",)),  # the Raspberry Pi's gives no other than ours
        ("--camera-size", options.camera.size, ("camera", "picamera")),
        ("--camera-fps", options.camera.rate_hz, ("camera", "picamera")),
    ):
        if value is not None and not any(address.kind in kinds for address in addresses):
            raise UsageError(
                f"{option} is for a camera of this machine, and {addresses[0]} is none: leave it out, or name one"
            )
