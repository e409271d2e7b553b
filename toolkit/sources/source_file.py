"""A file that holds the addresses of cameras, so that no list of processes shows its password."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cnnkit.errors import SourceError
from cnnkit.system import TypedAddress, log, read_regular

_MOST_CHARACTERS = 4096


def read_source_file(path: Path) -> tuple[TypedAddress, ...]:
    """Reads the addresses in a file, one a line; says so where other users could read a password.

    Raises:
        SourceError: It cannot be read, or there is nothing in it.
    """
    try:
        text = read_regular(path).decode("utf-8-sig")  # as editors of Windows write it
        others = os.name == "posix" and os.stat(path).st_mode & (stat.S_IRGRP | stat.S_IROTH)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise SourceError(f"--source-file {path} cannot be read ({reason})") from None
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines or max(map(len, lines)) > _MOST_CHARACTERS:
        raise SourceError(f"--source-file {path} holds no source: expected an address such as rtsp://host/ a line")
    addresses = tuple(map(TypedAddress, lines))
    if others and any(address.has_secret for address in addresses):
        log.warning("other users can read %s, which holds a password: chmod 600 it", path)
    return addresses
