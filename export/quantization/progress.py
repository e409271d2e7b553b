"""How far a quantization is: a bar with the time left on a terminal, nothing elsewhere or when messages are off."""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection, Iterator
from typing import TypeVar

from cnnkit.system import log

_Item = TypeVar("_Item")


def shown(items: Collection[_Item], doing: str) -> Iterator[_Item]:
    """Yields items while a bar shows how many of them are behind.

    Args:
        items: What is worked on, each about equally long.
        doing: What is done with them: "making candidates".
    """
    if not sys.stderr.isatty() or not log.isEnabledFor(logging.INFO):
        yield from items
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield from bar.track(items, description=doing)
