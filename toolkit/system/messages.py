"""Messages to the person at the terminal, on stderr: results alone go to stdout."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from cnnkit.errors import one_line
from cnnkit.system.addresses import hide_secrets
from cnnkit.system.terminal import print_text

log = logging.getLogger("cnnkit")


_LONGEST_WARNING = 300  # characters of a library's own


class _StderrHandler(logging.Handler):
    """Writes through click, so that a captured or redirected stderr is found at the time of writing."""

    def emit(self, record: logging.LogRecord) -> None:
        prefix = f"cnnkit: {record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        print_text(prefix + hide_secrets(record.getMessage()), to_stderr=True)


def show_messages(verbosity: int) -> None:
    """Sends cnnkit's log to stderr, and what libraries warn of: a line each, without their own code.

    Args:
        verbosity: 0 for progress and warnings, above 0 for details as well, below 0 for errors alone.
    """
    log.handlers = [_StderrHandler()]
    log.propagate = False
    log.setLevel(logging.DEBUG if verbosity > 0 else logging.ERROR if verbosity < 0 else logging.INFO)
    warnings.showwarning = _ForLibraries().show


class _ForLibraries:
    """Takes the warnings of libraries, of which Python tells the same place again for each text."""

    def __init__(self) -> None:
        self._told: set[tuple[str, int]] = set()

    def show(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if (filename, lineno) not in self._told:
            self._told.add((filename, lineno))
            text = one_line(str(message))
            log.warning("%s", text if len(text) <= _LONGEST_WARNING else f"{text[:_LONGEST_WARNING]}...")


@contextmanager
def warnings_only() -> Iterator[None]:
    """Holds progress back for a while, unless details were asked for."""
    level = log.level
    if level == logging.INFO:
        log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(level)
