"""Ends a process that hangs, and tells systemd that one does not: `--watchdog`."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping

from cnnkit.system import log

_LOOKS = 4  # in the time that a hanging loop is allowed


class Watchdog:
    """Ends the process when it is not told for some time that the loop still turns.

    A thread in a camera's driver or on a broken GPU may hang for ever, and nothing in the process can end it. Whoever
    started the process, such as systemd with `Restart=always`, starts it again.

    Args:
        limit_s: How long the loop may not turn.
        end: Ends the process at once.
        notify: Tells the service manager something.
    """

    def __init__(
        self,
        limit_s: float,
        end: Callable[[], None] = lambda: os._exit(1),
        notify: Callable[[str], None] | None = None,
    ) -> None:
        self._limit_s, self._end = limit_s, end
        self._notify = notify or notifier()
        self._beat_s = time.monotonic()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="cnnkit-watchdog", daemon=True)
        self._notify("READY=1")
        self._thread.start()

    def beat(self) -> None:
        """Says that the loop turns."""
        self._beat_s = time.monotonic()

    def close(self) -> None:
        """Watches no longer."""
        self._closed.set()
        self._thread.join()
        self._notify("STOPPING=1")

    def _watch(self) -> None:
        while not self._closed.wait(self._limit_s / _LOOKS):
            still_s = time.monotonic() - self._beat_s
            if still_s > self._limit_s:
                log.error("nothing has happened for %.0f seconds (--watchdog): the process ends", still_s)
                self._end()
                return
            self._notify("WATCHDOG=1")


def notifier(environment: Mapping[str, str] = os.environ) -> Callable[[str], None]:
    """Returns what sends a message to systemd (sd_notify); without systemd it does nothing."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address or not hasattr(socket, "AF_UNIX"):
        return lambda message: None
    target = "\0" + address[1:] if address.startswith("@") else address

    def notify(message: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
            try:
                datagrams.sendto(message.encode(), target)
            except OSError as error:
                log.debug("systemd cannot be told %s (%s)", message, error)

    return notify
