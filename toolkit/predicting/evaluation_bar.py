"""How far the work on one photo is, where a network is run on it many times."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cnnkit.system import log


@contextmanager
def evaluation_bar(name: str, planned: int) -> Iterator[Callable[[int], None]]:
    """Shows a bar on stderr while a photo is worked on; nothing where that is no terminal, or messages are off.

    Args:
        name: Of the photo, as it can be printed.
        planned: Images that the network is run on, about.

    Yields:
        What is told after each batch how many images were run.
    """
    if not sys.stderr.isatty() or not log.isEnabledFor(logging.INFO):
        yield lambda count: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(name), total=planned)
        yield lambda count: bar.advance(task, count)
