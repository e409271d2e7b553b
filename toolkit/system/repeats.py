"""Messages that come again and again, as of a camera that flaps: counted, and said once a minute."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock

from cnnkit.system.messages import log

EVERY_S = 60.0
_MOST = 1000  # messages that are remembered


@dataclass
class _Said:
    level: int
    since_s: float
    more: int = 0  # times that it was not said


class RepeatFilter(logging.Filter):
    """Lets a message through, and the same one again only after a minute, with how often it came meanwhile.

    Args:
        clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = RLock()
        self._said: dict[str, _Said] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a message is said now."""
        if getattr(record, "counted", False):
            return True
        with self._lock:
            return self._is_new(record)

    def _is_new(self, record: logging.LogRecord) -> bool:
        now, text = self._clock(), record.getMessage()
        self.say_counts(now)
        known = self._said.get(text)
        if known is None:
            if len(self._said) < _MOST:
                self._said[text] = _Said(record.levelno, now)
            return True
        known.more += 1
        return False

    def say_counts(self, now_s: float | None = None) -> None:
        """Says how often the messages came whose minute is over; without a time, of all messages."""
        for text, said in list(self._said.items()):
            if now_s is not None and now_s - said.since_s < EVERY_S:
                continue
            del self._said[text]
            if said.more:
                times = "once more" if said.more == 1 else f"{said.more:,} times more"
                log.log(said.level, "%s (%s within a minute)", text, times, extra={"counted": True})
                if now_s is not None:
                    self._said[text] = _Said(said.level, now_s)


@contextmanager
def repeats_counted(clock: Callable[[], float] = time.monotonic) -> Iterator[RepeatFilter]:
    """Counts repeated messages in the block, and says at its end what was not said."""
    counting = RepeatFilter(clock)
    log.addFilter(counting)
    try:
        yield counting
    finally:
        counting.say_counts()
        log.removeFilter(counting)
