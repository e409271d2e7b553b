"""Messages to the person at the terminal, on stderr: results alone go to stdout."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from cnnkit.system.addresses import hide_secrets
from cnnkit.system.terminal import print_text

log = logging.getLogger("cnnkit")


class _StderrHandler(logging.Handler):
    """Writes through click, so that a captured or redirected stderr is found at the time of writing."""

    def emit(self, record: logging.LogRecord) -> None:
        prefix = f"cnnkit: {record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        print_text(prefix + hide_secrets(record.getMessage()), to_stderr=True)


def show_messages(verbosity: int) -> None:
    """Sends cnnkit's log to stderr.

    Args:
        verbosity: 0 for progress and warnings, above 0 for details as well, below 0 for errors alone.
    """
    log.handlers = [_StderrHandler()]
    log.propagate = False
    log.setLevel(logging.DEBUG if verbosity > 0 else logging.ERROR if verbosity < 0 else logging.INFO)


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
