"""The sources of a run, opened side by side: of several, one that fails takes none with it."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import cast

from cnnkit.errors import CnnkitError, SourceError, UsageError
from cnnkit.sources import Address, OpeningOptions, Video, open_video, parse_address
from cnnkit.system import TypedAddress, log

_COMES_AGAIN = ("camera", "stream", "picamera")


def open_videos(addresses: Sequence[Address], options: OpeningOptions) -> list[Video]:
    """Opens sources.

    Returns:
        A video each. Of several, a camera or stream that cannot be opened is one that is still to be opened, and what
        else cannot be opened is left out, with a message.

    Raises:
        CnnkitError: The only source, or every one, cannot be opened.
    """
    if len(addresses) == 1:
        return [open_video(addresses[0], options)]
    found: list[Video | CnnkitError | None] = [None] * len(addresses)

    def open_one(index: int) -> None:
        try:
            found[index] = open_video(addresses[index], options)
        except CnnkitError as error:
            found[index] = error

    threads = [threading.Thread(target=open_one, args=(index,), daemon=True) for index in range(len(addresses))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not any(map(_is_open, found)):
        raise next(each for each in found if isinstance(each, CnnkitError))
    return [
        cast("Video", each) if _is_open(each) else _to_come(address, each, options)
        for address, each in zip(addresses, found, strict=True)
    ]


def _is_open(found: object) -> bool:
    return isinstance(found, Video)


def _to_come(address: Address, error: object, options: OpeningOptions) -> Video:
    log.error("%s", error)
    again = isinstance(error, SourceError) and address.kind in _COMES_AGAIN
    return Video(address, None, options, lost=not again)


def parse_addresses(sources: Sequence[TypedAddress], *, insecure: bool) -> list[Address]:
    """Tells what sources are; of several, a device that is not there is one that is still to come.

    Raises:
        SourceError: There is nothing of that name, or it is certainly no video.
    """
    return [_parsed(source, insecure, several=len(sources) > 1) for source in sources]


def _parsed(source: TypedAddress, insecure: bool, *, several: bool) -> Address:
    try:
        return parse_address(source, insecure=insecure)
    except SourceError:
        device = source.reveal()
        if not several or not device.startswith("/dev/") or os.path.exists(device):
            raise
        return Address("camera", device, device)


def check_addresses(addresses: Sequence[Address]) -> None:
    """Refuses sources that cannot be read together.

    Raises:
        UsageError: The same device, or stdin, is named twice.
    """
    taken = [address.target for address in addresses if address.kind in ("camera", "pipe", "picamera")]
    twice = next((target for target in taken if taken.count(target) > 1), None)
    if twice is not None:
        raise UsageError(f"--source {twice} is named twice, and can be read once: leave one out")
