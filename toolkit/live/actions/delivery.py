"""Changes on their way to something slow: in order, one at a time, tried again, and no more than fit."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from cnnkit.system import log

MOST_WAITING = 1000
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0  # before another try; each wait is twice the one before
END_S = 5.0  # for what waits when the process ends, unless the receiver was away already
_GRACE_S = 0.5  # and for the one that is under way then


@dataclass
class Parcel:
    """A change on its way."""

    row: dict[str, Any]
    id: str  # the same however often it is sent
    repeated: bool = False  # whether it may have arrived before

    def fields(self) -> dict[str, Any]:
        """Returns what is sent."""
        return {**self.row, "id": self.id, "repeated": self.repeated}


class NotNowError(Exception):
    """It did not arrive, or that is not known, and may be tried again.

    Args:
        reason: Without secrets.
        may_have_arrived: Whether it was sent all the same.
    """

    def __init__(self, reason: str, *, may_have_arrived: bool) -> None:
        super().__init__(reason)
        self.may_have_arrived = may_have_arrived


class NeverError(Exception):
    """It will not be taken; its text has no secrets."""


class Delivery:
    """Delivers changes in a thread of its own.

    Args:
        name: What messages call the receiver.
        deliver: Delivers one; raises `NotNowError` or `NeverError`.
        most: How many may wait; the oldest has to go where there are more.
        hurry: Has a delivery that is under way end soon where its receiver is away.
        end: What to do when all is done; ends what is still under way.
    """

    def __init__(
        self,
        name: str,
        deliver: Callable[[Parcel], None],
        *,
        most: int = MOST_WAITING,
        hurry: Callable[[], None] = lambda: None,
        end: Callable[[], None] = lambda: None,
    ) -> None:
        self._name, self._deliver, self._most = name, deliver, most
        self._hurry, self._end = hurry, end
        self._waiting: deque[Parcel] = deque()
        self._changed = threading.Condition()
        self._ends_s: float | None = None  # until when what waits is delivered, on the clock of `time.monotonic`
        self.lost = 0
        self._thread = threading.Thread(target=self._run, name="cnnkit-delivery", daemon=True)
        self._thread.start()

    def take(self, row: dict[str, Any]) -> None:
        """Takes a change; returns at once."""
        with self._changed:
            self._waiting.append(Parcel(row, uuid4().hex))
            if len(self._waiting) > self._most:
                self._waiting.popleft()
                self.lost += 1
                log.error("%s: more than %d changes wait, the oldest is lost", self._name, self._most)
            self._changed.notify_all()

    def close(self) -> None:
        """Delivers what waits, for a few seconds where the receiver is there; says how many changes were lost."""
        with self._changed:
            self._ends_s = time.monotonic() + END_S
            self._changed.notify_all()
        self._hurry()
        self._thread.join(END_S + _GRACE_S)
        lost = self.lost + len(self._waiting) + self._thread.is_alive()
        if lost:
            log.error("%s: %s lost", self._name, "1 change is" if lost == 1 else f"{lost:,} changes are")
        self._end()

    def _run(self) -> None:
        while (parcel := self._next()) is not None:
            self._bring(parcel)

    def _next(self) -> Parcel | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ends_s is not None)
            return self._waiting.popleft() if self._waiting and not self._is_late() else None

    def _bring(self, parcel: Parcel) -> None:
        wait_s, was_away = FIRST_WAIT_S, False
        while True:
            was_away |= self._ends_s is None  # if it fails now, the receiver was away before the end
            if self._is_settled(parcel):
                return
            if self._ends_s is not None and was_away:
                self._ends_s = time.monotonic()  # nothing waits for it any more
            self._pause(wait_s)
            if self._is_late():
                self.lost += 1
                return
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _is_settled(self, parcel: Parcel) -> bool:
        """Tries once; returns whether it is not to be tried again."""
        try:
            self._deliver(parcel)
        except NotNowError as error:
            parcel.repeated |= error.may_have_arrived
            then = "it is tried again until it is taken" if self._ends_s is None else "the process ends"
            log.warning("%s: %s; %s", self._name, error, then)
            return False
        except NeverError as error:
            log.error("%s: %s; this change is lost", self._name, error)
            self.lost += 1
            return True
        if parcel.repeated:
            log.warning("%s: a change was sent again, and may have arrived twice", self._name)
        return True

    def _pause(self, wait_s: float) -> None:
        with self._changed:
            if self._ends_s is None:
                self._changed.wait_for(lambda: self._ends_s is not None, wait_s)
            else:
                self._changed.wait(min(wait_s, max(0.0, self._ends_s - time.monotonic())))

    def _is_late(self) -> bool:
        return self._ends_s is not None and time.monotonic() >= self._ends_s
